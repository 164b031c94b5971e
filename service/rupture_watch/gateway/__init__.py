"""Events in over HTTP and MLLP: CloudEvents, FHIR, HL7 v2, each acknowledged by Kafka first."""
