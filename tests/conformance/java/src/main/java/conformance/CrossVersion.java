package conformance;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.context.support.IValidationSupport;
import java.util.ArrayList;
import java.util.List;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.r5.model.ElementDefinition;
import org.hl7.fhir.r5.model.Enumerations;
import org.hl7.fhir.r5.model.StructureDefinition;
import org.hl7.fhir.r5.model.UriType;

/**
 * HL7's extensions that carry an element of R4 in R5, which HL7's own validator takes from a package that HAPI does not
 * have: {@code http://hl7.org/fhir/4.0/StructureDefinition/extension-Encounter.diagnosis.rank}.
 *
 * <p>An extension exists where R4 has the element, and holds what the element may hold; any other is unknown here as it
 * is there. Elements with elements of their own are not made.
 */
final class CrossVersion implements IValidationSupport {

  private static final String CARRIES = "http://hl7.org/fhir/4.0/StructureDefinition/extension-";
  private static final String BASE = "http://hl7.org/fhir/StructureDefinition/";

  private final FhirContext fhir = FhirContext.forR5Cached();
  private final IValidationSupport r4 = new DefaultProfileValidationSupport(FhirContext.forR4Cached());
  private final IValidationSupport r5;

  CrossVersion(IValidationSupport r5) {
    this.r5 = r5;
  }

  @Override
  public FhirContext getFhirContext() {
    return fhir;
  }

  @Override
  public <T extends IBaseResource> T fetchResource(Class<T> kind, String url) {
    return kind.isAssignableFrom(StructureDefinition.class) ? kind.cast(fetchStructureDefinition(url)) : null;
  }

  @Override
  public IBaseResource fetchStructureDefinition(String url) {
    if (!url.startsWith(CARRIES)) {
      return null;
    }
    String path = url.substring(CARRIES.length());
    IBaseResource owner = r4.fetchStructureDefinition(BASE + path.split("\\.")[0]);
    if (!(owner instanceof org.hl7.fhir.r4.model.StructureDefinition known)) {
      return null;
    }
    return known.getSnapshot().getElement().stream()
        .filter(one -> one.getPath().equals(path) || one.getPath().equals(path + "[x]"))
        .filter(one -> one.getType().stream().noneMatch(kind -> kind.getCode().equals("BackboneElement")))
        .findFirst()
        .map(one -> made(url, path, one))
        .orElse(null);
  }

  private StructureDefinition made(String url, String path, org.hl7.fhir.r4.model.ElementDefinition element) {
    StructureDefinition base = (StructureDefinition) r5.fetchStructureDefinition(BASE + "Extension");
    StructureDefinition made = base.copy();
    made.setId("extension-" + path);
    made.setUrl(url).setName("Carried").setStatus(Enumerations.PublicationStatus.ACTIVE);
    made.setBaseDefinition(BASE + "Extension").setDerivation(StructureDefinition.TypeDerivationRule.CONSTRAINT);
    made.addContext().setType(StructureDefinition.ExtensionContextType.ELEMENT).setExpression("Element");
    for (ElementDefinition one : made.getSnapshot().getElement()) {
      switch (one.getPath()) {
        case "Extension.extension" -> one.setMax("0");
        case "Extension.url" -> one.setFixed(new UriType(url));
        case "Extension.value[x]" -> one.setMin(1).setType(types(element));
        default -> { }
      }
    }
    return made;
  }

  private static List<ElementDefinition.TypeRefComponent> types(org.hl7.fhir.r4.model.ElementDefinition element) {
    List<ElementDefinition.TypeRefComponent> found = new ArrayList<>();
    for (org.hl7.fhir.r4.model.ElementDefinition.TypeRefComponent each : element.getType()) {
      ElementDefinition.TypeRefComponent kind = new ElementDefinition.TypeRefComponent().setCode(each.getCode());
      each.getTargetProfile().forEach(target -> kind.addTargetProfile(target.getValue()));
      found.add(kind);
    }
    return found;
  }
}
