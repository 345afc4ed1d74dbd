// Every object of the files named is held against Kubernetes' schemas twice: by the models' validators (types, required fields, formats), and by the TypeScript
// compiler against their declarations, which also knows when a field is not one. Prints what is wrong, or `N objects`. Exit 1 when something is.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { parseAllDocuments } from "yaml";

const here = dirname(fileURLToPath(import.meta.url));
const wrong = [];
const objects = process.argv.slice(2).flatMap((file) => parseAllDocuments(readFileSync(file, "utf8")).map((document) => {
  if (document.errors.length > 0) wrong.push(`${file}: ${document.errors[0].message}`);
  const object = document.toJS();
  // Long values are folded into lines, which base64 readers pass over and the schema does not.
  if (object.kind === "Secret") for (const [key, value] of Object.entries(object.data ?? {})) object.data[key] = value.replace(/\s/g, "");
  return object;
}));

const modelOf = ({ apiVersion, kind }) =>
  apiVersion.startsWith("monitoring.coreos.com/") ? `@kubernetes-models/prometheus-operator/${apiVersion}/${kind}` : `kubernetes-models/${apiVersion}/${kind}`;
const nameOf = (object) => `${object.kind} ${object.metadata?.name}`;

for (const object of objects) {
  try {
    const { [object.kind]: Model } = await import(modelOf(object));
    new Model(object).validate();
  } catch (error) {
    wrong.push(`${nameOf(object)}: ${error.message}`);
  }
}

// A file beside node_modules, so that the compiler finds the declarations.
const folder = mkdtempSync(join(here, "typed-"));
try {
  const file = join(folder, "objects.mts");
  const lines = objects.map((object, i) =>
    `import type { I${object.kind} as T${i} } from "${modelOf(object)}"; export const o${i}: T${i} = ${JSON.stringify(object)};`);
  writeFileSync(file, lines.join("\n") + "\n");
  const program = ts.createProgram([file], {
    noEmit: true, strict: true, skipLibCheck: true, types: [], target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext,
  });
  for (const diagnostic of ts.getPreEmitDiagnostics(program)) {
    const line = diagnostic.file?.fileName === file ? diagnostic.file.getLineAndCharacterOfPosition(diagnostic.start).line : undefined;
    const which = line === undefined ? diagnostic.file?.fileName : nameOf(objects[line]);
    wrong.push(`${which}: ${ts.flattenDiagnosticMessageText(diagnostic.messageText, " ")}`);
  }
} finally {
  rmSync(folder, { recursive: true });
}

console.log(wrong.length === 0 ? `${objects.length} objects` : wrong.join("\n"));
process.exitCode = wrong.length === 0 && objects.length > 0 ? 0 : 1;
