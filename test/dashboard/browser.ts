/** Debian's Chromium, by playwright-core. */
import { existsSync } from "node:fs"
import { type Browser, chromium } from "playwright-core"

const paths = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]

/** The program, if it is installed. */
export const chromiumPath: string | undefined = paths.find((path) => existsSync(path))

export const launch = (): Promise<Browser> =>
  chromium.launch({ executablePath: chromiumPath ?? paths[0]!, args: ["--no-sandbox", "--disable-gpu"] })
