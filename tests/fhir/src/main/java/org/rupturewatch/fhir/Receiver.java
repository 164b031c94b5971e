package org.rupturewatch.fhir;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.interceptor.RequestValidatingInterceptor;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.ResultSeverityEnum;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.r4.model.CodeSystem;
import org.hl7.fhir.r4.model.DetectedIssue;
import org.hl7.fhir.r4.model.Provenance;
import org.hl7.fhir.r4.model.Resource;
import org.hl7.fhir.r4.model.Task;

/**
 * A FHIR R4 server that takes only what HAPI's validator finds nothing wrong with,
 * warnings included.
 *
 * <p>{@code Receiver CODE-SYSTEMS PORT}: the first is a file of CodeSystem resources, one a line;
 * port 0 is any free one. Prints {@code ready PORT} when it takes requests.
 */
public final class Receiver {

  private Receiver() {}

  public static void main(String[] arguments) throws Exception {
    FhirContext context = FhirContext.forR4();
    RestfulServer fhir = new RestfulServer(context);
    fhir.setResourceProviders(
        List.of(
            new Store<>(DetectedIssue.class, DetectedIssue::getIdentifier),
            new Store<>(Task.class, Task::getIdentifier),
            new Store<>(Provenance.class, resource -> List.of())));
    fhir.registerInterceptor(validation(context, Path.of(arguments[0])));
    Server server = new Server();
    ServerConnector connector = new ServerConnector(server);
    connector.setHost("127.0.0.1");
    connector.setPort(Integer.parseInt(arguments[1]));
    server.addConnector(connector);
    ServletContextHandler handler = new ServletContextHandler("/");
    ServletHolder holder = new ServletHolder(fhir);
    holder.setInitOrder(1);
    handler.addServlet(holder, "/r4/*");
    server.setHandler(handler);
    server.start();
    System.out.println("ready " + connector.getLocalPort());
    server.join();
  }

  private static RequestValidatingInterceptor validation(FhirContext context, Path codeSystems)
      throws IOException {
    PrePopulatedValidationSupport ours = new PrePopulatedValidationSupport(context);
    for (String line : Files.readAllLines(codeSystems)) {
      ours.addCodeSystem(context.newJsonParser().parseResource(CodeSystem.class, line));
    }
    ValidationSupportChain support =
        new ValidationSupportChain(
            new DefaultProfileValidationSupport(context),
            ours,
            new InMemoryTerminologyServerValidationSupport(context),
            new CommonCodeSystemsTerminologyService(context));
    FhirInstanceValidator validator = new FhirInstanceValidator(support);
    warmUp(context, validator);
    RequestValidatingInterceptor validating = new RequestValidatingInterceptor();
    validating.addValidatorModule(validator);
    validating.setFailOnSeverity(ResultSeverityEnum.WARNING);
    return validating;
  }

  /** Validate once now: the first time takes as long as a few hundred others. */
  private static void warmUp(FhirContext context, FhirInstanceValidator validator) {
    FhirValidator once = context.newValidator().registerValidatorModule(validator);
    for (Resource empty : List.of(new DetectedIssue(), new Task(), new Provenance())) {
      once.validateWithResult(empty);
    }
  }
}
