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

declare const globalThis: { readonly Deno?: Deno; readonly Bun?: Bun }

export const deno: Deno | undefined = globalThis.Deno
export const bun: Bun | undefined = globalThis.Bun
