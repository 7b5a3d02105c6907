package conformance;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.context.support.ValidationSupportContext;
import ca.uhn.fhir.parser.IParser;
import ca.uhn.fhir.validation.FhirValidator;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.UnknownCodeSystemWarningValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.r4.model.StructureDefinition;
import org.hl7.fhir.r5.utils.validation.constants.BestPracticeWarningLevel;
import org.hl7.fhir.utilities.npm.NpmPackage;

/**
 * Reads our package.tgz as a stranger does, and judges files by the snapshots that stand in it.
 *
 * <p>Arguments: package.tgz, a folder, then files. The folder receives {@code package.json}, what the reader found
 * ({@code name}, {@code version}, {@code fhirVersion}, {@code resources}, {@code examples}), and for each profile or
 * extension {@code <id>.json}, the snapshot that HAPI's generator makes of its differential. Standard output holds one
 * JSON line per file, as {@link Validate} writes it.
 */
public final class Packaged {

  private static final FhirContext R4 = FhirContext.forR4();

  private Packaged() {}

  public static void main(String[] arguments) throws IOException {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    NpmPackage read;
    try (InputStream file = Files.newInputStream(Path.of(arguments[0]))) {
      read = NpmPackage.fromPackage(file);
    }
    Path folder = Path.of(arguments[1]);
    List<IBaseResource> definitions = definitions(read);
    Files.writeString(folder.resolve("package.json"), described(read, definitions.size()));
    generated(definitions, folder);
    FhirValidator validator = validator(definitions);
    for (int index = 2; index < arguments.length; index++) {
      out.println(Validate.judge(validator, Path.of(arguments[index])));
    }
  }

  /** Every resource that the index of the package names. */
  private static List<IBaseResource> definitions(NpmPackage read) throws IOException {
    IParser parser = R4.newJsonParser();
    List<IBaseResource> found = new ArrayList<>();
    for (NpmPackage.PackagedResourceFile one : read.listAllResources(List.of(
        "StructureDefinition", "CodeSystem", "ValueSet", "ConceptMap", "OperationDefinition", "ImplementationGuide"))) {
      try (InputStream content = read.load(one.getFolder(), one.getFilename())) {
        found.add(parser.parseResource(content));
      }
    }
    return found;
  }

  private static String described(NpmPackage read, int resources) throws IOException {
    return "{\"name\":" + Validate.text(read.name()) + ",\"version\":" + Validate.text(read.version())
        + ",\"fhirVersion\":" + Validate.text(read.fhirVersion()) + ",\"canonical\":" + Validate.text(read.canonical())
        + ",\"resources\":" + resources + ",\"examples\":" + read.list("example").size() + "}";
  }

  /** HAPI's own snapshots of our differentials. */
  private static void generated(List<IBaseResource> definitions, Path folder) throws IOException {
    PrePopulatedValidationSupport plain = new PrePopulatedValidationSupport(R4);
    List<StructureDefinition> ours = new ArrayList<>();
    for (IBaseResource one : definitions) {
      if (one instanceof StructureDefinition each) {
        StructureDefinition bare = each.copy();
        bare.setSnapshot(null);
        ours.add(bare);
        plain.addResource(bare);
      }
    }
    ValidationSupportChain chain = new ValidationSupportChain(
        new DefaultProfileValidationSupport(R4), plain, new SnapshotGeneratingValidationSupport(R4));
    for (StructureDefinition each : ours) {
      StructureDefinition made = (StructureDefinition)
          chain.generateSnapshot(new ValidationSupportContext(chain), each.copy(), each.getUrl(), "", each.getName());
      Files.writeString(folder.resolve(each.getIdElement().getIdPart() + ".json"),
          R4.newJsonParser().encodeResourceToString(made));
    }
  }

  /** Judges by the package alone: a profile without a snapshot of ours would be refused. */
  private static FhirValidator validator(List<IBaseResource> definitions) {
    PrePopulatedValidationSupport ours = new PrePopulatedValidationSupport(R4);
    definitions.forEach(ours::addResource);
    UnknownCodeSystemWarningValidationSupport unknown = new UnknownCodeSystemWarningValidationSupport(R4);
    unknown.setNonExistentCodeSystemSeverity(ca.uhn.fhir.context.support.IValidationSupport.IssueSeverity.WARNING);
    ValidationSupportChain chain = new ValidationSupportChain(
        new DefaultProfileValidationSupport(R4),
        ours,
        new CommonCodeSystemsTerminologyService(R4),
        new InMemoryTerminologyServerValidationSupport(R4),
        unknown);
    FhirInstanceValidator module = new FhirInstanceValidator(chain);
    module.setAnyExtensionsAllowed(false);
    module.setErrorForUnknownProfiles(true);
    module.setBestPracticeWarningLevel(BestPracticeWarningLevel.Ignore);
    FhirValidator validator = R4.newValidator();
    validator.registerValidatorModule(module);
    return validator;
  }
}
