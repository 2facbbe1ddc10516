import { DESCRIPTION } from "./description.ts";
import { type Shape, SIZE_PATTERN } from "./shape.ts";

type Json = Readonly<Record<string, unknown>>;

/** The JSON schema (2020-12) of a Runikraftfile: what editors complete and check by. */
export function runikraftfileSchema(): Json {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Runikraftfile",
    ...schemaOf(DESCRIPTION),
  };
}

function schemaOf(shape: Shape): Json {
  const { about: description } = shape;
  switch (shape.kind) {
    case "text":
      // A value that YAML reads as a number or a truth value is taken as it is written.
      return shape.pattern
        ? { description, type: ["string", "number"], pattern: shape.pattern.source }
        : { description, type: ["string", "number", "boolean"] };
    case "count":
      return { description, type: "integer", minimum: shape.least, maximum: shape.most };
    case "size":
      return {
        description,
        anyOf: [
          { type: "integer", minimum: shape.least, maximum: shape.most },
          // Schemas have no flag for letters of either case.
          { type: "string", pattern: SIZE_PATTERN.source.replace("[KMG]", "[KMGkmg]") },
        ],
      };
    case "boolean":
      return { description, type: "boolean" };
    case "choice":
      return { description, enum: shape.choices };
    case "list":
      return { description, type: "array", items: schemaOf(shape.of) };
    case "map":
      return {
        description,
        type: "object",
        patternProperties: { [shape.names.source]: schemaOf(shape.of) },
        additionalProperties: false,
      };
    case "object":
      return {
        description,
        type: "object",
        properties: propertiesOf(shape.fields),
        additionalProperties: false,
        ...(shape.required && { required: shape.required }),
      };
    case "named":
      return {
        description,
        anyOf: [
          { enum: shape.choices },
          {
            type: "object",
            properties: propertiesOf(shape.fields),
            additionalProperties: false,
            minProperties: 1,
            maxProperties: 1,
          },
        ],
      };
  }
}

function propertiesOf(fields: Readonly<Record<string, Shape>>): Json {
  return Object.fromEntries(Object.entries(fields).map(([name, shape]) => [name, schemaOf(shape)]));
}
