package conformance;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.parser.IJsonLikeParser;
import ca.uhn.fhir.parser.LenientErrorHandler;
import ca.uhn.fhir.parser.json.jackson.JacksonStructure;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.utilities.npm.NpmPackage;

/**
 * HL7's own definitions. R5's come from the packages that HAPI reads them from, the kinds that a validator asks for, and
 * without their narratives: HAPI parses those too, which is most of the work.
 */
final class Published {

  private static final String FOLDER = "/org/hl7/fhir/r5/packages/";
  private static final List<String> PACKAGES =
      List.of("hl7.fhir.r5.core-5.0.0", "hl7.fhir.uv.extensions.r5-1.0.0", "hl7.terminology-5.1.0");
  private static final List<String> KINDS = List.of("StructureDefinition", "CodeSystem", "ValueSet", "SearchParameter");

  private static final IValidationSupport R4 = new DefaultProfileValidationSupport(FhirContext.forR4Cached());

  private Published() {}

  static IValidationSupport r4() {
    return R4;
  }

  static IValidationSupport r5() {
    return Fifth.KNOWN;
  }

  /** Read when it is first asked for. */
  private static final class Fifth {
    private static final IValidationSupport KNOWN = read(FhirContext.forR5Cached());
  }

  private static IValidationSupport read(FhirContext fhir) {
    PrePopulatedValidationSupport known = new PrePopulatedValidationSupport(fhir);
    IJsonLikeParser parser = (IJsonLikeParser) fhir.newJsonParser();
    parser.setParserErrorHandler(new LenientErrorHandler(false));
    ObjectMapper json = new ObjectMapper();
    for (String name : PACKAGES) {
      try (InputStream file = Published.class.getResourceAsStream(FOLDER + name + ".tgz")) {
        NpmPackage read = NpmPackage.fromPackage(file);
        for (NpmPackage.PackagedResourceFile one : read.listAllResources(KINDS)) {
          JacksonStructure written = new JacksonStructure();
          try (InputStream content = read.load(one.getFolder(), one.getFilename())) {
            ObjectNode all = (ObjectNode) json.readTree(content);
            all.remove("text");
            written.setNativeObject(all);
          }
          IBaseResource resource = parser.parseResource(written);
          resource.setUserData(DefaultProfileValidationSupport.SOURCE_PACKAGE_ID, "hl7.fhir.r5.core"); // as HAPI does
          known.addResource(resource);
        }
      } catch (IOException error) {
        throw new UncheckedIOException(name, error);
      }
    }
    return known;
  }
}
