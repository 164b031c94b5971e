package org.rupturewatch.fhir;

import ca.uhn.fhir.rest.annotation.ConditionalUrlParam;
import ca.uhn.fhir.rest.annotation.Create;
import ca.uhn.fhir.rest.annotation.IdParam;
import ca.uhn.fhir.rest.annotation.OptionalParam;
import ca.uhn.fhir.rest.annotation.Read;
import ca.uhn.fhir.rest.annotation.ResourceParam;
import ca.uhn.fhir.rest.annotation.Search;
import ca.uhn.fhir.rest.annotation.Update;
import ca.uhn.fhir.rest.api.MethodOutcome;
import ca.uhn.fhir.rest.param.TokenParam;
import ca.uhn.fhir.rest.server.IResourceProvider;
import ca.uhn.fhir.rest.server.exceptions.InvalidRequestException;
import ca.uhn.fhir.rest.server.exceptions.PreconditionFailedException;
import ca.uhn.fhir.rest.server.exceptions.ResourceNotFoundException;
import ca.uhn.fhir.util.UrlUtil;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import org.hl7.fhir.r4.model.DomainResource;
import org.hl7.fhir.r4.model.IdType;
import org.hl7.fhir.r4.model.Identifier;

/**
 * All resources of one type, in memory: create and update with conditions, read, and search by
 * identifier and tag. A write counts as a new version even where nothing differs.
 */
public final class Store<T extends DomainResource> implements IResourceProvider {

  private final Class<T> type;
  private final Function<T, List<Identifier>> identifiers;
  private final Map<String, T> resources = new LinkedHashMap<>();

  Store(Class<T> type, Function<T, List<Identifier>> identifiers) {
    this.type = type;
    this.identifiers = identifiers;
  }

  @Override
  public Class<T> getResourceType() {
    return type;
  }

  @Read
  public synchronized T read(@IdParam IdType id) {
    T found = resources.get(id.getIdPart());
    if (found == null) {
      throw new ResourceNotFoundException(id);
    }
    return found;
  }

  @Search
  public synchronized List<T> search(
      @OptionalParam(name = "identifier") TokenParam identifier,
      @OptionalParam(name = "_tag") TokenParam tag) {
    List<T> found = new ArrayList<>(resources.values());
    if (identifier != null) {
      found.removeIf(hasIdentifier(identifier.getSystem(), identifier.getValue()).negate());
    }
    if (tag != null) {
      found.removeIf(hasTag(tag.getSystem(), tag.getValue()).negate());
    }
    return found;
  }

  @Create
  public synchronized MethodOutcome create(
      @ResourceParam T resource, @ConditionalUrlParam String condition) {
    T there = condition == null ? null : only(condition);
    return there == null ? add(resource) : new MethodOutcome(there.getIdElement(), false);
  }

  @Update
  public synchronized MethodOutcome update(
      @IdParam IdType id, @ResourceParam T resource, @ConditionalUrlParam String condition) {
    T there = condition == null ? read(id) : only(condition);
    if (there == null) {
      return add(resource);
    }
    long version = there.getIdElement().getVersionIdPartAsLong() + 1;
    return keep(resource, there.getIdElement().getIdPart(), version, false);
  }

  private MethodOutcome add(T resource) {
    return keep(resource, Integer.toString(resources.size() + 1), 1, true);
  }

  private MethodOutcome keep(T resource, String id, long version, boolean created) {
    resource.setId(new IdType(type.getSimpleName(), id, Long.toString(version)));
    resources.put(id, resource);
    return new MethodOutcome(resource.getIdElement(), created);
  }

  /** Return the resource that a condition names, null if none does. */
  private T only(String condition) {
    int question = condition.indexOf('?');
    Map<String, String[]> parameters = UrlUtil.parseQueryString(condition.substring(question + 1));
    List<T> found = new ArrayList<>(resources.values());
    for (Map.Entry<String, String[]> parameter : parameters.entrySet()) {
      String[] token = parameter.getValue()[0].split("\\|", 2);
      if (token.length != 2) {
        throw new InvalidRequestException("a condition is a token with its system");
      }
      found.removeIf(
          switch (parameter.getKey()) {
            case "identifier" -> hasIdentifier(token[0], token[1]).negate();
            case "_tag" -> hasTag(token[0], token[1]).negate();
            default -> throw new InvalidRequestException("unknown parameter in a condition");
          });
    }
    if (found.size() > 1) {
      throw new PreconditionFailedException("more than one resource");
    }
    return found.isEmpty() ? null : found.get(0);
  }

  private Predicate<T> hasIdentifier(String system, String value) {
    return resource ->
        identifiers.apply(resource).stream()
            .anyMatch(one -> system.equals(one.getSystem()) && value.equals(one.getValue()));
  }

  private Predicate<T> hasTag(String system, String code) {
    return resource -> resource.getMeta().getTag(system, code) != null;
  }
}
