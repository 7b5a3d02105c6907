package server;

import ca.uhn.fhir.rest.server.exceptions.UnprocessableEntityException;
import java.math.BigDecimal;
import org.hl7.fhir.r4.model.Claim;
import org.hl7.fhir.r4.model.ClaimResponse;
import org.hl7.fhir.r4.model.CodeType;
import org.hl7.fhir.r4.model.CodeableConcept;
import org.hl7.fhir.r4.model.Coding;
import org.hl7.fhir.r4.model.DateTimeType;
import org.hl7.fhir.r4.model.DateType;
import org.hl7.fhir.r4.model.Money;
import org.hl7.fhir.r4.model.Organization;
import org.hl7.fhir.r4.model.Reference;

/** Names of the wire, and an answer in its shape, written from docs/wire-fhir.md alone. */
final class Wire {

  private static final String CANON = "https://pay-after-care.example/fhir";
  static final String CLAIM_KEY = CANON + "/sid/claim";
  static final String FACILITY = CANON + "/sid/facility";
  private static final String SETTLEMENT = "https://aid-office.example/settlement";
  private static final String IN_SCOPE = "in-scope-total";
  private static final String HL7 = "http://terminology.hl7.org/CodeSystem/";

  private Wire() {}

  /** Whether it is a Claim that counts, of the kind that the aid office answers (section 6). */
  static boolean isForAid(Claim claim) {
    return claim.getUse() == Claim.Use.CLAIM && claim.getSupportingInfo().stream().anyMatch(each -> is(each, IN_SCOPE));
  }

  /** The policy-range amount of an aid Claim. */
  static BigDecimal inScope(Claim claim) {
    return said(claim, IN_SCOPE).getValueQuantity().getValue();
  }

  /** One payer's answer: {@code amount} is what it bears, in yuan. */
  static ClaimResponse response(
      Claim claim, Claim.InsuranceComponent focal, Organization provider, String payer, String number, BigDecimal amount) {
    ClaimResponse made = new ClaimResponse();
    made.addExtension(CANON + "/StructureDefinition/payer", new CodeType(payer));
    made.addIdentifier().setSystem(SETTLEMENT).setValue(number);
    made.setStatus(ClaimResponse.ClaimResponseStatus.ACTIVE);
    made.setType(claim.getType().copy());
    made.setUse(ClaimResponse.Use.fromCode(claim.getUse().toCode()));
    made.setPatient(claim.getPatient().copy());
    made.setCreatedElement(recorded(claim));
    made.setInsurer(claim.getInsurer().copy());
    made.setRequestor(claim.getProvider().copy().setIdentifier(provider.getIdentifierFirstRep().copy()));
    made.setRequest(requestOf(claim));
    made.setOutcome(ClaimResponse.RemittanceOutcome.COMPLETE);
    made.addInsurance().setSequence(focal.getSequence()).setFocal(true).setCoverage(focal.getCoverage().copy());
    made.addTotal().setCategory(coded("adjudication", "benefit")).setAmount(yuan(amount));
    made.getPayment().setType(coded("ex-paymenttype", "complete")).setAmount(yuan(amount));
    return made;
  }

  /** The Claim as it is stored, and its key. */
  static Reference requestOf(Claim claim) {
    Reference made = new Reference().setIdentifier(claim.getIdentifierFirstRep().copy());
    return claim.getIdElement().hasIdPart() ? made.setReference("Claim/" + claim.getIdElement().getIdPart()) : made;
  }

  /** A reversal as it is kept: its own key, and the parties under which the settled Claim is kept. */
  static Claim kept(Claim reversal, Claim settled) {
    Claim made = settled.copy();
    made.setId((String) null);
    made.setMeta(null);
    made.setIdentifier(reversal.getIdentifier());
    made.setStatus(reversal.getStatus());
    made.setRelated(reversal.getRelated());
    made.setItem(null);
    made.setSupportingInfo(null);
    return made;
  }

  static Money yuan(BigDecimal amount) {
    return new Money().setValue(amount).setCurrency("CNY");
  }

  /** The day that the Claim names, so that a statement of that day has it. */
  private static DateTimeType recorded(Claim claim) {
    DateType day = (DateType) said(claim, "settlement-date").getTiming();
    return new DateTimeType(day.getValueAsString());
  }

  private static Claim.SupportingInformationComponent said(Claim claim, String category) {
    return claim.getSupportingInfo().stream()
        .filter(each -> is(each, category))
        .findFirst()
        .orElseThrow(() -> new UnprocessableEntityException("the Claim does not say its " + category));
  }

  private static boolean is(Claim.SupportingInformationComponent said, String category) {
    return category.equals(said.getCategory().getCodingFirstRep().getCode());
  }

  private static CodeableConcept coded(String system, String code) {
    return new CodeableConcept(new Coding(HL7 + system, code, null));
  }
}
