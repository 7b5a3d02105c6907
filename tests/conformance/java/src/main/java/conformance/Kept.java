package conformance;

import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.rest.api.EncodingEnum;
import ca.uhn.fhir.validation.IValidationContext;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.r5.context.IWorkerContext;
import org.hl7.fhir.r5.elementmodel.Manager.FhirFormat;
import org.hl7.fhir.r5.model.StructureDefinition;
import org.hl7.fhir.r5.utils.validation.ValidatorSession;
import org.hl7.fhir.r5.utils.validation.constants.IdStatus;
import org.hl7.fhir.r5.utils.xver.XVerExtensionManagerOld;
import org.hl7.fhir.utilities.validation.ValidationMessage;
import org.hl7.fhir.validation.ValidatorSettings;
import org.hl7.fhir.validation.instance.InstanceValidator;

/**
 * HAPI's module, but for one thing: HL7's validator behind it is made once. HAPI makes it anew for each file, and each
 * one reads a register of object identifiers, which takes longer than judging the file.
 *
 * <p>Profiles that a resource claims in {@code meta.profile} are found by HL7's validator itself. Not for two threads.
 */
final class Kept extends FhirInstanceValidator {

  private InstanceValidator validator;

  Kept(IValidationSupport definitions) {
    super(definitions);
  }

  @Override
  protected List<ValidationMessage> validate(IValidationContext<?> asked) {
    if (validator == null) {
      validator = made(provideWorkerContext());
    }
    boolean marked = asked.getResourceAsStringEncoding() == EncodingEnum.XML;
    InputStream text = new ByteArrayInputStream(asked.getResourceAsString().getBytes(StandardCharsets.UTF_8));
    List<ValidationMessage> found = new ArrayList<>();
    validator.validate(null, found, text, marked ? FhirFormat.XML : FhirFormat.JSON, new ArrayList<StructureDefinition>());
    return found;
  }

  /** Set as HAPI sets it. */
  private InstanceValidator made(IWorkerContext known) {
    InstanceValidator made = new InstanceValidator(
        known,
        new NullEvaluationContext(),
        new XVerExtensionManagerOld(known),
        new ValidatorSession(),
        new ValidatorSettings());
    made.setBestPracticeWarningLevel(getBestPracticeWarningLevel());
    made.setAnyExtensionsAllowed(isAnyExtensionsAllowed());
    made.setErrorForUnknownProfiles(isErrorForUnknownProfiles());
    made.setPolicyAdvisor(getValidatorPolicyAdvisor());
    made.setResourceIdRule(IdStatus.OPTIONAL);
    made.setUnknownCodeSystemsCauseErrors(true);
    made.setAllowXsiLocation(true);
    return made;
  }
}
