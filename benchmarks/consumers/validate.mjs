// Khronos's glTF validator on each file: one line of JSON a file.
//   node validate.mjs FILE.glb ...
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const validator = createRequire(import.meta.url)("gltf-validator");
for (const path of process.argv.slice(2)) {
  const report = await validator.validateBytes(new Uint8Array(readFileSync(path)), {
    maxIssues: 20,
  });
  const { numErrors, numWarnings, messages } = report.issues;
  const said = [...new Set(messages.map((message) => message.code))];
  console.log(JSON.stringify({ path, errors: numErrors, warnings: numWarnings, said }));
}
