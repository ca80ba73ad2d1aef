// Reads lines [pattern, text, text...] and writes a line for each: one digit for each text, 1 where the pattern
// (ECMA-262, flag u) occurs in it; "!" when it is no pattern.
import { readFileSync } from "node:fs";

const answer = (line) => {
  const [pattern, ...texts] = JSON.parse(line);
  try {
    const regex = new RegExp(pattern, "u");
    return texts.map((text) => (regex.test(text) ? "1" : "0")).join("");
  } catch {
    return "!";
  }
};
const lines = readFileSync(0, "utf8").split("\n").filter((line) => line !== "");
process.stdout.write(lines.map((line) => `${answer(line)}\n`).join(""));
