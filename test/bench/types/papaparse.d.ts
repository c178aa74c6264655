// As much of it as is raced.
declare module "papaparse" {
  const Papa: {
    readonly parse: (text: string) => { readonly data: ReadonlyArray<ReadonlyArray<string>> }
    readonly unparse: (rows: ReadonlyArray<ReadonlyArray<number>>) => string
  }
  export default Papa
}
