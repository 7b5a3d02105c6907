"""FHIR bundles: a hospital that speaks FHIR R4 already; its resources are gathered by stay. FHIR 直接接入。

In:    Bundles of any kind, single resources, NDJSON (.json, .ndjson, .xml) and a ``NativeShape``.
Out:   kept parts (``KeptMessage``), and ``StayRecords`` whose rows are whole resources, newest version of each.
Never: changes a resource; guesses which stay one belongs to; drops one without saying so; reads an entity or a DTD.
Start: files.py (``entries``), sent.py, then folding.py (``fold``) and staging.py (``stage_bundles``).
"""

from adapter.intake.readers.fhir_bundle.folding import fold, shared_keys
from adapter.intake.readers.fhir_bundle.staging import SUFFIXES, StagedBundles, bundle_files, stage_bundles

__all__ = ["SUFFIXES", "StagedBundles", "bundle_files", "fold", "shared_keys", "stage_bundles"]
