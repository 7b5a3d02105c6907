package conformance;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.FhirVersionEnum;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.context.support.ValidationSupportContext;
import ca.uhn.fhir.parser.IParser;
import ca.uhn.fhir.validation.FhirValidator;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.UnknownCodeSystemWarningValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.r5.utils.validation.constants.BestPracticeWarningLevel;
import org.hl7.fhir.utilities.npm.NpmPackage;

/**
 * Reads our package.tgz as a stranger does, and judges files by the snapshots that stand in it.
 *
 * <p>Arguments: package.tgz, a folder, then files; {@code --} begins the same for a further package, R4 or R5. The
 * folder receives {@code package.json}, what the reader found ({@code name}, {@code version}, {@code fhirVersion},
 * {@code resources}, {@code examples}), and for each profile or extension {@code <id>.json}, the snapshot that HAPI's
 * generator makes of its differential. Standard output holds one JSON line per file, as {@link Validate} writes it, in
 * any order: packages are judged at the same time where the machine has the cores.
 */
public final class Packaged {

  private static final List<String> KINDS = List.of(
      "StructureDefinition", "CodeSystem", "ValueSet", "ConceptMap", "OperationDefinition", "ImplementationGuide");

  private final FhirContext fhir;
  private final IValidationSupport published;
  private final List<IBaseResource> definitions = new ArrayList<>();

  private Packaged(FhirContext fhir) {
    this.fhir = fhir;
    this.published = fhir.getVersion().getVersion() == FhirVersionEnum.R5 ? Published.r5() : Published.r4();
  }

  public static void main(String[] arguments) {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    List<List<String>> packages = new ArrayList<>();
    List<String> rest = List.of(arguments);
    while (!rest.isEmpty()) {
      int end = rest.contains("--") ? rest.indexOf("--") : rest.size();
      packages.add(rest.subList(0, end));
      rest = rest.subList(Math.min(end + 1, rest.size()), rest.size());
    }
    packages.parallelStream().forEach(each -> judge(each, out));
  }

  /** One package, its folder, and the files that it judges; in one thread. */
  private static void judge(List<String> asked, PrintStream out) {
    try (InputStream file = Files.newInputStream(Path.of(asked.get(0)))) {
      judge(NpmPackage.fromPackage(file), asked, out);
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }

  private static void judge(NpmPackage read, List<String> asked, PrintStream out) throws IOException {
    Path folder = Path.of(asked.get(1));
    boolean fifth = read.fhirVersion().startsWith("5.");
    Packaged made = new Packaged(fifth ? FhirContext.forR5Cached() : FhirContext.forR4Cached());
    made.load(read);
    Files.writeString(folder.resolve("package.json"), described(read, made.definitions.size()));
    made.generate(folder);
    FhirValidator validator = made.validator();
    for (String file : asked.subList(2, asked.size())) {
      out.println(Validate.judge(validator, Path.of(file)));
    }
  }

  /** Every resource that the index of the package names. */
  private void load(NpmPackage read) throws IOException {
    IParser parser = fhir.newJsonParser();
    for (NpmPackage.PackagedResourceFile one : read.listAllResources(KINDS)) {
      try (InputStream content = read.load(one.getFolder(), one.getFilename())) {
        definitions.add(parser.parseResource(content));
      }
    }
  }

  private static String described(NpmPackage read, int resources) throws IOException {
    return "{\"name\":" + Validate.text(read.name()) + ",\"version\":" + Validate.text(read.version())
        + ",\"fhirVersion\":" + Validate.text(read.fhirVersion()) + ",\"canonical\":" + Validate.text(read.canonical())
        + ",\"resources\":" + resources + ",\"examples\":" + read.list("example").size() + "}";
  }

  /** HAPI's own snapshots of our differentials. */
  private void generate(Path folder) throws IOException {
    PrePopulatedValidationSupport plain = new PrePopulatedValidationSupport(fhir);
    List<IBaseResource> ours = definitions.stream().map(Packaged::bare).filter(Objects::nonNull).toList();
    ours.forEach(plain::addResource);
    ValidationSupportChain chain = new ValidationSupportChain(
        published, plain, new SnapshotGeneratingValidationSupport(fhir)) {
      /** The generator asks for every definition anew each time, and converts them all; it needs but those it names. */
      @Override
      public List<IBaseResource> fetchAllStructureDefinitions() {
        return ours;
      }
    };
    for (IBaseResource each : ours) {
      IBaseResource made = chain.generateSnapshot(
          new ValidationSupportContext(chain), bare(each), said(each, "url"), "", said(each, "name"));
      Files.writeString(folder.resolve(each.getIdElement().getIdPart() + ".json"),
          fhir.newJsonParser().encodeResourceToString(made));
    }
  }

  /** A copy of a profile without its snapshot; null for what is no profile. */
  private static IBaseResource bare(IBaseResource one) {
    if (one instanceof org.hl7.fhir.r4.model.StructureDefinition each) {
      return each.copy().setSnapshot(null);
    }
    if (one instanceof org.hl7.fhir.r5.model.StructureDefinition each) {
      return each.copy().setSnapshot(null);
    }
    return null;
  }

  private String said(IBaseResource one, String element) {
    return fhir.newTerser().getSinglePrimitiveValueOrNull(one, element);
  }

  /** Judges by the package alone: a profile without a snapshot of ours would be refused. */
  private FhirValidator validator() {
    PrePopulatedValidationSupport ours = new PrePopulatedValidationSupport(fhir);
    definitions.forEach(ours::addResource);
    UnknownCodeSystemWarningValidationSupport unknown = new UnknownCodeSystemWarningValidationSupport(fhir);
    unknown.setNonExistentCodeSystemSeverity(IValidationSupport.IssueSeverity.WARNING);
    ValidationSupportChain chain = new ValidationSupportChain(
        published,
        ours,
        new CommonCodeSystemsTerminologyService(fhir),
        new InMemoryTerminologyServerValidationSupport(fhir),
        unknown);
    if (fhir.getVersion().getVersion() == FhirVersionEnum.R5) {
      chain.addValidationSupport(new CrossVersion(published));
    }
    FhirInstanceValidator module = new Kept(chain);
    module.setAnyExtensionsAllowed(false);
    module.setErrorForUnknownProfiles(true);
    module.setBestPracticeWarningLevel(BestPracticeWarningLevel.Ignore);
    FhirValidator validator = fhir.newValidator();
    validator.registerValidatorModule(module);
    return validator;
  }
}
