// As much of it as is raced.
declare module "papaparse" {
  const Papa: { readonly parse: (text: string) => { readonly data: ReadonlyArray<ReadonlyArray<string>> } }
  export default Papa
}
