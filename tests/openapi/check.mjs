// SPDX-License-Identifier: LGPL-2.1-or-later
// Checks the description of the HTTP API, and what was recorded of the live daemon against it.
//
// Usage: node check.mjs DESCRIPTION EXCHANGES
//
// EXCHANGES is what drive.py wrote: a list of {operation, method, path, status, headers, body, note}, and the
// declared answers that cannot be provoked, with the reason for each. Every exchange must be as the description
// says: its status, its headers, its content type, its body. Every declared status must have been seen.
// The last line is `openapi: N passed, N failed`.

import { readFileSync } from "node:fs";
import { Validator } from "@seriousme/openapi-schema-validator";
import Ajv2020 from "ajv/dist/2020.js";

let passed = 0;
const failures = [];

function check(good, what) {
  if (good) passed += 1;
  else failures.push(what);
}

function readJson(path) {
  return JSON.parse(readFileSync(path, "utf8"));
}

/** Compiles schemas that stand anywhere in the document, at a JSON pointer of it. */
class Schemas {
  constructor(document) {
    this.ajv = new Ajv2020({ strict: false, allErrors: true });
    this.ajv.addSchema({ $id: "description", ...document });
    this.known = new Map();
  }

  complaint(pointer, value) {
    if (!this.known.has(pointer)) this.known.set(pointer, this.ajv.compile({ $ref: `description#${pointer}` }));
    const validate = this.known.get(pointer);
    return validate(value) ? null : this.ajv.errorsText(validate.errors);
  }
}

function pointerOf(...keys) {
  return keys.map((key) => "/" + encodeURIComponent(String(key).replaceAll("~", "~0").replaceAll("/", "~1"))).join("");
}

/** The values in a body: one of a JSON text, one a line of several. Throws where it is none of them. */
function valuesOf(type, body) {
  if (type === "application/json") return [JSON.parse(body)];
  if (type === "application/x-ndjson") return body.split("\n").filter(Boolean).map((line) => JSON.parse(line));
  return [body];
}

function checkBody(schemas, media, pointer, type, exchange, what) {
  let values;
  try {
    values = valuesOf(type, exchange.body);
  } catch (error) {
    check(false, `${what}: the body is not ${type}: ${error.message}`);
    return;
  }
  const at = media["x-line-schema"] ? pointerOf("x-line-schema") : pointerOf("schema");
  for (const value of values) {
    const complaint = schemas.complaint(pointer + at, value);
    check(complaint === null, `${what}: ${complaint}: ${JSON.stringify(value)}`);
  }
  if (type === "text/event-stream") checkEvents(schemas, exchange.body, what);
}

/** Events are blocks of lines; what is said of a pool is a status. */
function checkEvents(schemas, body, what) {
  const blocks = body.split("\n\n").slice(0, -1);
  const named = new Set();
  for (const block of blocks) {
    const fields = new Map(block.split("\n").map((line) => [line.split(":", 1)[0], line.slice(line.indexOf(":") + 2)]));
    check(/^[0-9a-f]{16}-[0-9]+$/.test(fields.get("id") ?? ""), `${what}: an event without its id: ${block}`);
    if (!fields.has("event")) continue;
    named.add(fields.get("event"));
    const value = JSON.parse(fields.get("data"));
    const schema = { pool: "PoolStatus", operation: "Operation" }[fields.get("event")];
    if (!schema) continue;
    const complaint = schemas.complaint(pointerOf("components", "schemas", schema), value);
    check(complaint === null, `${what}: event ${fields.get("event")}: ${complaint}: ${JSON.stringify(value)}`);
  }
  check(named.size > 0, `${what}: no event came: ${body.slice(0, 500)}`);
}

function checkExchange(document, schemas, operations, exchange) {
  const { pattern, method, operation } = operations.get(exchange.operation);
  const what = `${exchange.method} ${exchange.path} (${exchange.note}): ${exchange.status}`;
  check(exchange.status === exchange.expected, `${what} instead of ${exchange.expected}: ${exchange.body}`);
  const answer = operation.responses[exchange.status];
  check(answer, `${what} is not declared: ${exchange.body}`);
  if (!answer) return;
  const headers = new Map(Object.entries(exchange.headers).map(([name, value]) => [name.toLowerCase(), value]));
  for (const [name, header] of Object.entries(answer.headers ?? {}))
    check(!header.required || headers.has(name.toLowerCase()), `${what}: the header ${name} is missing`);
  const type = headers.get("content-type");
  const media = answer.content[type];
  check(media, `${what}: the content type ${type} is not declared`);
  if (!media) return;
  const pointer = pointerOf("paths", pattern, method, "responses", exchange.status, "content", type);
  checkBody(schemas, media, pointer, type, exchange, what);
}

/** operationId -> where it is. */
function operationsOf(document) {
  const found = new Map();
  for (const [pattern, item] of Object.entries(document.paths))
    for (const [method, operation] of Object.entries(item)) found.set(operation.operationId, { pattern, method, operation });
  return found;
}

/** Each declared status of each operation was seen, or it is said why it cannot be. */
function checkCoverage(operations, exchanges, exempt) {
  const seen = new Set(exchanges.map((exchange) => `${exchange.operation} ${exchange.status}`));
  for (const [name, { operation }] of operations)
    for (const status of Object.keys(operation.responses)) {
      const key = `${name} ${status}`;
      if (status === "default") continue;
      check(seen.has(key) !== key in exempt, `${key}: ${key in exempt ? "was seen after all" : "was never seen"}`);
    }
  for (const key of Object.keys(exempt)) {
    const [name, status] = key.split(" ");
    check(operations.get(name)?.operation.responses[status], `${key}: is not declared at all`);
  }
}

async function main(descriptionPath, exchangesPath) {
  const { descriptions, exchanges, exempt } = { ...readJson(exchangesPath), descriptions: readJson(descriptionPath) };
  const everything = new Map();
  for (const [kind, document] of Object.entries(descriptions)) {
    const result = await new Validator().validate(structuredClone(document));
    check(result.valid, `the description ${kind} is not OpenAPI: ${JSON.stringify(result.errors)}`);
    if (!result.valid) continue;
    const schemas = new Schemas(document);
    const operations = operationsOf(document);
    const own = exchanges.filter((exchange) => exchange.kind === kind);
    for (const [name, where] of operations) {
      const known = everything.get(name);
      everything.set(name, { ...where, operation: { responses: { ...known?.operation.responses, ...where.operation.responses } } });
    }
    for (const exchange of own) checkExchange(document, schemas, operations, exchange);
  }
  checkCoverage(everything, exchanges, exempt);
  for (const failure of failures) console.log(`FAILED: ${failure}`);
  console.log(`openapi: ${passed} passed, ${failures.length} failed`);
  process.exit(failures.length || !passed ? 1 : 0);
}

await main(...process.argv.slice(2));
