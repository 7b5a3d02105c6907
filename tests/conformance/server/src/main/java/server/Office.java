package server;

import ca.uhn.fhir.interceptor.api.Hook;
import ca.uhn.fhir.interceptor.api.Interceptor;
import ca.uhn.fhir.interceptor.api.Pointcut;
import ca.uhn.fhir.jpa.api.dao.DaoRegistry;
import ca.uhn.fhir.jpa.api.dao.IFhirResourceDao;
import ca.uhn.fhir.jpa.dao.tx.IHapiTransactionService;
import ca.uhn.fhir.jpa.searchparam.MatchUrlService;
import ca.uhn.fhir.jpa.searchparam.SearchParameterMap;
import ca.uhn.fhir.rest.api.server.SystemRequestDetails;
import ca.uhn.fhir.rest.server.exceptions.ResourceNotFoundException;
import ca.uhn.fhir.rest.server.exceptions.UnprocessableEntityException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.r4.model.Bundle;
import org.hl7.fhir.r4.model.Claim;
import org.hl7.fhir.r4.model.ClaimResponse;
import org.hl7.fhir.r4.model.Coverage;
import org.hl7.fhir.r4.model.IdType;
import org.hl7.fhir.r4.model.Identifier;
import org.hl7.fhir.r4.model.Organization;
import org.hl7.fhir.r4.model.Reference;

/**
 * What an aid office that keeps its books in a FHIR server has to add to it (docs/wire-fhir.md, sections 4 to 7).
 *
 * <p>Whatever is stored, searched for, created on a condition or refused as a whole is HAPI's doing. The office answers a
 * Claim in the transaction that stores it, and bears what is left of the in-scope total: no place's rule.
 */
@Interceptor
public final class Office {

  private final DaoRegistry daos;
  private final MatchUrlService urls;
  private final IHapiTransactionService transactions;
  private final Set<String> persons;

  Office(DaoRegistry daos, MatchUrlService urls, IHapiTransactionService transactions, Set<String> persons) {
    this.daos = daos;
    this.urls = urls;
    this.transactions = transactions;
    this.persons = persons;
  }

  /** A Claim that counts is answered before the transaction ends; a refusal undoes all of it. */
  @Hook(Pointcut.STORAGE_PRECOMMIT_RESOURCE_CREATED)
  public void stored(IBaseResource created) {
    if (created instanceof Claim claim && Wire.isForAid(claim)) {
      keep(answer(claim, reference -> read(reference)));
    }
  }

  /** The answer to a trial; nothing is kept. */
  ClaimResponse trial(Claim claim, Bundle sent) {
    return answer(claim, reference -> sent.getEntry().stream()
        .map(Bundle.BundleEntryComponent::getResource)
        .filter(one -> reference.getReference().equals(one.fhirType() + "/" + one.getIdElement().getIdPart()))
        .findFirst()
        .orElseThrow(() -> new UnprocessableEntityException("not in the Bundle: " + reference.getReference())));
  }

  /** The answer to a reversal: what was answered to its key before, or the opposite of what is cancelled by it. */
  ClaimResponse reversal(Claim claim) {
    return transactions.withSystemRequest().execute(() -> {
      List<ClaimResponse> known = answers(claim.getIdentifierFirstRep().getValue(), "");
      if (!known.isEmpty()) {
        return known.get(0);
      }
      String settled = claim.getRelatedFirstRep().getClaim().getIdentifier().getValue();
      List<ClaimResponse> standing = answers(settled, "&status=active");
      if (standing.isEmpty()) {
        throw new ResourceNotFoundException("nothing to reverse: " + settled);
      }
      ClaimResponse first = standing.get(0);
      Claim kept = Wire.kept(claim, (Claim) read(first.getRequest()));
      daos.getResourceDao(Claim.class).create(kept, "Claim?" + named(kept.getIdentifierFirstRep()), new SystemRequestDetails());
      ClaimResponse opposite = opposite(first, kept);
      first.setStatus(ClaimResponse.ClaimResponseStatus.CANCELLED);
      responses().update(first, new SystemRequestDetails());
      keep(opposite);
      return opposite;
    });
  }

  /** What stands of a day and a hospital. */
  List<ClaimResponse> standing(String day, String facility) {
    return found("created=" + day + "&status=active&requestor:Organization.identifier=" + Wire.FACILITY + "|" + facility);
  }

  private ClaimResponse answer(Claim claim, Function<Reference, IBaseResource> resolved) {
    Claim.InsuranceComponent focal = claim.getInsurance().stream()
        .filter(Claim.InsuranceComponent::getFocal)
        .findFirst()
        .orElseThrow(() -> new UnprocessableEntityException("no insurance in focus"));
    Coverage coverage = (Coverage) resolved.apply(focal.getCoverage());
    if (!persons.contains(coverage.getSubscriberId())) {
      throw new UnprocessableEntityException("the person is not known here");
    }
    BigDecimal left = Wire.inScope(claim);
    for (Claim.InsuranceComponent each : claim.getInsurance()) {
      if (each.hasClaimResponse()) {
        ClaimResponse earlier = (ClaimResponse) resolved.apply(each.getClaimResponse());
        left = left.subtract(earlier.getPayment().getAmount().getValue());
      }
    }
    Organization provider = (Organization) resolved.apply(claim.getProvider());
    String payer = coverage.getType().getCodingFirstRep().getCode();
    return Wire.response(claim, focal, provider, payer, UUID.randomUUID().toString(), left.max(new BigDecimal("0.00")));
  }

  private static ClaimResponse opposite(ClaimResponse settled, Claim reversal) {
    ClaimResponse made = settled.copy();
    made.setId((String) null);
    made.setMeta(null);
    made.setStatus(ClaimResponse.ClaimResponseStatus.CANCELLED);
    made.getIdentifierFirstRep().setValue(settled.getIdentifierFirstRep().getValue() + "-R");
    made.setRequest(Wire.requestOf(reversal));
    made.getTotal().forEach(each -> each.getAmount().setValue(each.getAmount().getValue().negate()));
    made.getPayment().getAmount().setValue(settled.getPayment().getAmount().getValue().negate());
    return made;
  }

  /** Kept once: two at the same moment make one. */
  private void keep(ClaimResponse response) {
    responses().create(response, "ClaimResponse?" + named(response.getIdentifierFirstRep()), new SystemRequestDetails());
  }

  private static String named(Identifier identifier) {
    return "identifier=" + identifier.getSystem() + "|" + identifier.getValue();
  }

  private List<ClaimResponse> answers(String key, String more) {
    return found("request.identifier=" + Wire.CLAIM_KEY + "|" + key + more);
  }

  private List<ClaimResponse> found(String query) {
    SearchParameterMap wanted =
        urls.getResourceSearch("ClaimResponse?" + query).getSearchParameterMap().setLoadSynchronous(true);
    List<ClaimResponse> all = new ArrayList<>();
    responses().search(wanted, new SystemRequestDetails()).getAllResources().forEach(one -> all.add((ClaimResponse) one));
    return all;
  }

  private IBaseResource read(Reference reference) {
    IdType id = new IdType(reference.getReference());
    return daos.getResourceDao(id.getResourceType()).read(id, new SystemRequestDetails());
  }

  private IFhirResourceDao<ClaimResponse> responses() {
    return daos.getResourceDao(ClaimResponse.class);
  }
}
