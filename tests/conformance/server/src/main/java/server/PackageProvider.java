package server;

import ca.uhn.fhir.jpa.packages.IPackageInstallerSvc;
import ca.uhn.fhir.jpa.packages.PackageInstallOutcomeJson;
import ca.uhn.fhir.jpa.packages.PackageInstallationSpec;
import ca.uhn.fhir.rest.annotation.Operation;
import ca.uhn.fhir.rest.annotation.OperationParam;
import org.hl7.fhir.r4.model.Base64BinaryType;
import org.hl7.fhir.r4.model.IntegerType;
import org.hl7.fhir.r4.model.Parameters;
import org.hl7.fhir.r4.model.StringType;

/**
 * HAPI's own installer of FHIR packages, at an address.
 *
 * <p>It gives what it installs new ids, so an ImplementationGuide, which refers to ids, is not among what it can install.
 */
public final class PackageProvider {

  private final IPackageInstallerSvc installer;

  PackageProvider(IPackageInstallerSvc installer) {
    this.installer = installer;
  }

  /** {@code POST ImplementationGuide/$install}; answers how many resources of each type were installed. */
  @Operation(name = "$install", typeName = "ImplementationGuide")
  public Parameters install(
      @OperationParam(name = "name", min = 1) StringType name,
      @OperationParam(name = "version", min = 1) StringType version,
      @OperationParam(name = "npmContent", min = 1) Base64BinaryType content) {
    PackageInstallationSpec wanted = new PackageInstallationSpec()
        .setName(name.getValue())
        .setVersion(version.getValue())
        .setPackageContents(content.getValue())
        .setInstallMode(PackageInstallationSpec.InstallModeEnum.STORE_AND_INSTALL)
        .setFetchDependencies(false)
        .addInstallResourceTypes("CodeSystem", "ValueSet", "ConceptMap", "StructureDefinition", "OperationDefinition");
    PackageInstallOutcomeJson done = installer.install(wanted);
    Parameters told = new Parameters();
    done.getResourcesInstalled().forEach((type, count) -> told.addParameter(type, new IntegerType(count)));
    done.getMessage().forEach(line -> told.addParameter("message", line));
    return told;
  }
}
