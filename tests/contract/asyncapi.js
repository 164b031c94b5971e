// Reads an AsyncAPI document with AsyncAPI's own parser; prints what it found as JSON.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const { document, diagnostics } = await new Parser().parse(readFileSync(process.argv[2], "utf8"));
const channels = {};
for (const channel of document?.channels() ?? []) {
  channels[channel.address()] = channel.messages().map((message) => message.name());
}
console.log(
  JSON.stringify({
    version: document?.version() ?? null,
    channels,
    problems: diagnostics.map(({ severity, code, path, message }) => ({
      severity,
      code,
      path: path.join("."),
      message,
    })),
  }),
);
