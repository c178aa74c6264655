/** Colours for the report on a terminal. They change no width: a program that reads the report gets none. */

interface Output {
  readonly isTTY?: boolean | undefined
}

/** Whether to colour: on a terminal, unless `NO_COLOR` is set (no-color.org) or the terminal cannot. */
export const isWanted = (output: Output, environment: Readonly<Record<string, string | undefined>>): boolean =>
  output.isTTY === true && !environment["NO_COLOR"] && environment["TERM"] !== "dumb"

const sgr = (code: number) => (text: string) => `\u001b[${code}m${text}\u001b[0m`

const [bold, dim, red, green, yellow, blue] = [sgr(1), sgr(2), sgr(31), sgr(32), sgr(33), sgr(34)]

const words: Readonly<Record<string, (text: string) => string>> = {
  ERROR: red,
  WARNING: yellow,
  INFO: blue,
  "fired:": red,
  "escalated:": red,
  "resolved:": green
}

/** The report with titles, severities, alerts and sparklines in colour. */
export const coloured = (report: string): string =>
  report.split("\n").map((line, i, lines) => {
    const isTitle = !line.startsWith(" ") && lines[i + 1]?.startsWith("  ") === true
    return isTitle
      ? bold(line)
      : line
        .replace(
          /^( {2}(?:[\d:]+ )?)(ERROR|WARNING|INFO|fired:|escalated:|resolved:)/,
          (_, before: string, word: string) => `${before}${words[word]!(word)}`
        )
        .replace(/[▁▂▃▄▅▆▇█]+/g, dim)
  }).join("\n")
