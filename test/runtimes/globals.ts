/** The globals of Bun and Deno that are used here; undefined in another runtime. */

export interface Deno {
  readonly readTextFile: (path: string) => Promise<string>
  readonly writeTextFile: (path: string, text: string) => Promise<void>
  readonly connect: (options: { readonly port: number }) => Promise<unknown>
}

export interface Bun {
  readonly file: (path: string) => { readonly text: () => Promise<string> }
  readonly write: (path: string, text: string) => Promise<number>
}

declare const Deno: Deno | undefined
declare const Bun: Bun | undefined

export const deno: Deno | undefined = typeof Deno === "undefined" ? undefined : Deno
export const bun: Bun | undefined = typeof Bun === "undefined" ? undefined : Bun
