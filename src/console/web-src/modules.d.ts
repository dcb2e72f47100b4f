declare module "topojson-client" {
  import type { Topology } from "us-atlas/states-albers-10m.json"
  /** Shapes of a topology as GeoJSON. */
  export const feature: (topology: Topology, object: object) => GeoJSON
  /** Borders between shapes, each once. */
  export const mesh: (topology: Topology, object: object, filter?: (a: object, b: object) => boolean) => object
  export interface Shape {
    readonly type: "Feature"
    readonly properties: { readonly name: string }
  }
  export interface GeoJSON {
    readonly type: "FeatureCollection"
    readonly features: ReadonlyArray<Shape>
  }
}

/** The file lies beside the bundle, and is read when a map is: what is imported is its address. */
declare module "us-atlas/states-albers-10m.json" {
  export interface Topology {
    readonly objects: { readonly states: object; readonly nation: object }
  }
  const address: string
  export default address
}
