package server;

import ca.uhn.fhir.rest.annotation.Operation;
import ca.uhn.fhir.rest.annotation.OperationParam;
import ca.uhn.fhir.rest.server.exceptions.UnprocessableEntityException;
import java.math.BigDecimal;
import java.util.List;
import org.hl7.fhir.r4.model.Bundle;
import org.hl7.fhir.r4.model.Claim;
import org.hl7.fhir.r4.model.ClaimResponse;
import org.hl7.fhir.r4.model.IntegerType;
import org.hl7.fhir.r4.model.Parameters;
import org.hl7.fhir.r4.model.StringType;

/** The two operations of the dialect that a FHIR server does not have by itself. */
public final class OfficeProvider {

  private final Office office;

  OfficeProvider(Office office) {
    this.office = office;
  }

  /** {@code POST Claim/$submit} with a Bundle: a trial or a reversal. */
  @Operation(name = "$submit", typeName = "Claim")
  public ClaimResponse submit(@OperationParam(name = "resource", min = 1) Bundle sent) {
    if (!(sent.getEntryFirstRep().getResource() instanceof Claim claim)) {
      throw new UnprocessableEntityException("the first entry is no Claim");
    }
    if (claim.getUse() == Claim.Use.PREDETERMINATION) {
      return office.trial(claim, sent);
    }
    if (claim.getStatus() == Claim.ClaimStatus.CANCELLED) {
      return office.reversal(claim);
    }
    throw new UnprocessableEntityException("a Claim that counts comes in a transaction");
  }

  /** {@code GET Claim/$day-total}: count and sums of what stands. */
  @Operation(name = "$day-total", typeName = "Claim", idempotent = true)
  public Parameters dayTotal(
      @OperationParam(name = "date", min = 1) StringType date,
      @OperationParam(name = "provider", min = 1) StringType provider) {
    List<ClaimResponse> standing = office.standing(date.getValue(), provider.getValue());
    BigDecimal total = standing.stream()
        .map(each -> each.getPayment().getAmount().getValue())
        .reduce(new BigDecimal("0.00"), BigDecimal::add);
    Parameters told = new Parameters();
    told.addParameter("count", new IntegerType(standing.size()));
    told.addParameter("total", Wire.yuan(total));
    return told;
  }
}
