// Bundles src/ into dist/, which is committed and embedded in the host. `node build.mjs DIR` writes elsewhere (a test compares), `--watch` goes on building.
import { build, context } from "esbuild";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const [first] = process.argv.slice(2);
const out = first && !first.startsWith("--") ? first : join(here, "dist");

const options = {
  absWorkingDir: here,
  entryPoints: { app: "src/main.tsx" },
  outdir: out,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none", // licences.txt has them whole
  charset: "utf8",
};

await mkdir(out, { recursive: true });
for (const file of ["index.html", "icon.svg"]) await copyFile(join(here, "src", file), join(out, file));

const licences = [];
for (const name of ["preact", "uplot"]) {
  const { version, license } = JSON.parse(await readFile(join(here, "node_modules", name, "package.json"), "utf8"));
  licences.push(`${name} ${version} (${license})\n\n${(await readFile(join(here, "node_modules", name, "LICENSE"), "utf8")).trim()}\n`);
}
await writeFile(join(out, "licences.txt"), `The dashboard's script contains these packages.\n\n${licences.join("\n\n")}`);

if (process.argv.includes("--watch")) await (await context(options)).watch();
else await build(options);
