"""From FHIR, HL7 v2, CDS Hooks and CloudEvents to events of the contract: no I/O, no clock."""
