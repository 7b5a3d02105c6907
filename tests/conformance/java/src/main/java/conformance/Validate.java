package conformance;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.parser.IParser;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.ResultSeverityEnum;
import ca.uhn.fhir.validation.SingleValidationMessage;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.UnknownCodeSystemWarningValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.r5.utils.validation.constants.BestPracticeWarningLevel;

/**
 * Judges R4 JSON with the HL7 validator, in one process for all files.
 *
 * <p>Arguments: the folder of our own definitions, then files. A file is one resource, or, when its name ends in
 * {@code .ndjson}, one resource a line. Standard output holds one JSON line per file:
 * {@code {"file":…,"errors":n,"warnings":n,"messages":[{"severity":…,"at":…,"text":…}]}}.
 */
public final class Validate {

  private static final FhirContext R4 = FhirContext.forR4();

  private Validate() {}

  public static void main(String[] arguments) throws IOException {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    FhirValidator validator = validator(Path.of(arguments[0]));
    for (int index = 1; index < arguments.length; index++) {
      out.println(judge(validator, Path.of(arguments[index])));
    }
  }

  private static FhirValidator validator(Path definitions) throws IOException {
    UnknownCodeSystemWarningValidationSupport unknown = new UnknownCodeSystemWarningValidationSupport(R4);
    unknown.setNonExistentCodeSystemSeverity(ca.uhn.fhir.context.support.IValidationSupport.IssueSeverity.WARNING);
    ValidationSupportChain chain = new ValidationSupportChain(
        new DefaultProfileValidationSupport(R4),
        ours(definitions),
        new CommonCodeSystemsTerminologyService(R4),
        new InMemoryTerminologyServerValidationSupport(R4),
        new SnapshotGeneratingValidationSupport(R4),
        unknown);
    FhirInstanceValidator module = new FhirInstanceValidator(chain);
    module.setAnyExtensionsAllowed(false);
    module.setBestPracticeWarningLevel(BestPracticeWarningLevel.Ignore);
    FhirValidator validator = R4.newValidator();
    validator.registerValidatorModule(module);
    return validator;
  }

  /** The project's own extensions and code systems; an extension that is not among them is an error. */
  private static PrePopulatedValidationSupport ours(Path definitions) throws IOException {
    PrePopulatedValidationSupport support = new PrePopulatedValidationSupport(R4);
    IParser parser = R4.newJsonParser();
    try (Stream<Path> files = Files.walk(definitions)) {
      for (Path file : files.filter(one -> one.toString().endsWith(".json")).sorted().toList()) {
        IBaseResource resource = parser.parseResource(Files.readString(file));
        support.addResource(resource);
      }
    }
    return support;
  }

  static String judge(FhirValidator validator, Path file) throws IOException {
    List<SingleValidationMessage> found = new ArrayList<>();
    if (file.toString().endsWith(".ndjson")) {
      for (String line : Files.readAllLines(file)) {
        if (!line.isBlank()) {
          found.addAll(validator.validateWithResult(line).getMessages());
        }
      }
    } else {
      found.addAll(validator.validateWithResult(Files.readString(file)).getMessages());
    }
    StringBuilder messages = new StringBuilder();
    int errors = 0;
    int warnings = 0;
    for (SingleValidationMessage message : found) {
      ResultSeverityEnum severity = message.getSeverity();
      if (severity == ResultSeverityEnum.INFORMATION) {
        continue;
      }
      if (severity == ResultSeverityEnum.WARNING) {
        warnings++;
      } else {
        errors++;
      }
      messages.append(messages.isEmpty() ? "" : ",")
          .append("{\"severity\":").append(text(severity.name().toLowerCase()))
          .append(",\"at\":").append(text(message.getLocationString()))
          .append(",\"text\":").append(text(message.getMessage()))
          .append('}');
    }
    return "{\"file\":" + text(file.toString()) + ",\"errors\":" + errors + ",\"warnings\":" + warnings
        + ",\"messages\":[" + messages + "]}";
  }

  /** A JSON string. */
  static String text(String value) {
    StringBuilder out = new StringBuilder("\"");
    for (char one : (value == null ? "" : value).toCharArray()) {
      if (one == '"' || one == '\\') {
        out.append('\\').append(one);
      } else if (one < ' ') {
        out.append(String.format("\\u%04x", (int) one));
      } else {
        out.append(one);
      }
    }
    return out.append('"').toString();
  }
}
