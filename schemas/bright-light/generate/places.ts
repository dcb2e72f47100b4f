/** Where the company sells, and what: made up but for the zips, which are where they are. */

export interface Place {
  readonly zip: string
  readonly city: string
  readonly state: string
  readonly latitude: number
  readonly longitude: number
  /** Mean temperature of its year, and how far summers and winters are from it, degrees Celsius. */
  readonly mean: number
  readonly swing: number
  /** Share of its days with rain. */
  readonly wet: number
  /** Warehouse that sends there. */
  readonly warehouse: string
}

export const places: readonly [Place, ...ReadonlyArray<Place>] = [
  {
    zip: "02108",
    city: "Boston",
    state: "MA",
    latitude: 42.3576,
    longitude: -71.0684,
    mean: 11,
    swing: 12,
    wet: 0.35,
    warehouse: "W-EAST"
  },
  {
    zip: "98101",
    city: "Seattle",
    state: "WA",
    latitude: 47.6114,
    longitude: -122.3305,
    mean: 12,
    swing: 7,
    wet: 0.45,
    warehouse: "W-WEST"
  },
  {
    zip: "02139",
    city: "Cambridge",
    state: "MA",
    latitude: 42.3647,
    longitude: -71.1042,
    mean: 11,
    swing: 12,
    wet: 0.35,
    warehouse: "W-EAST"
  },
  {
    zip: "78701",
    city: "Austin",
    state: "TX",
    latitude: 30.2713,
    longitude: -97.7426,
    mean: 21,
    swing: 10,
    wet: 0.23,
    warehouse: "W-SOUTH"
  },
  {
    zip: "60601",
    city: "Chicago",
    state: "IL",
    latitude: 41.8858,
    longitude: -87.6229,
    mean: 10,
    swing: 14,
    wet: 0.33,
    warehouse: "W-EAST"
  },
  {
    zip: "94103",
    city: "San Francisco",
    state: "CA",
    latitude: 37.7725,
    longitude: -122.4147,
    mean: 14,
    swing: 4,
    wet: 0.2,
    warehouse: "W-WEST"
  },
  {
    zip: "00501",
    city: "Holtsville",
    state: "NY",
    latitude: 40.8154,
    longitude: -73.0451,
    mean: 12,
    swing: 12,
    wet: 0.33,
    warehouse: "W-EAST"
  },
  { zip: "33101", city: "Miami", state: "FL", latitude: 25.7791, longitude: -80.1978, mean: 25, swing: 5, wet: 0.37, warehouse: "W-SOUTH" },
  {
    zip: "80202",
    city: "Denver",
    state: "CO",
    latitude: 39.7513,
    longitude: -104.9972,
    mean: 10,
    swing: 12,
    wet: 0.22,
    warehouse: "W-WEST"
  },
  {
    zip: "10001",
    city: "New York",
    state: "NY",
    latitude: 40.7506,
    longitude: -73.9972,
    mean: 13,
    swing: 12,
    wet: 0.33,
    warehouse: "W-EAST"
  },
  {
    zip: "85004",
    city: "Phoenix",
    state: "AZ",
    latitude: 33.4515,
    longitude: -112.0686,
    mean: 24,
    swing: 11,
    wet: 0.09,
    warehouse: "W-WEST"
  },
  {
    zip: "30303",
    city: "Atlanta",
    state: "GA",
    latitude: 33.7525,
    longitude: -84.3888,
    mean: 17,
    swing: 10,
    wet: 0.31,
    warehouse: "W-SOUTH"
  }
]

export const warehouses: ReadonlyArray<{ readonly id: string; readonly name: string; readonly zip: string }> = [
  { id: "W-EAST", name: "Boston Docks", zip: "02108" },
  { id: "W-WEST", name: "Seattle Harbor", zip: "98101" },
  { id: "W-SOUTH", name: "Austin Yards", zip: "78701" }
]

/** Categories, each with what of the weather its widgets sell by. */
export const categories = ["umbrellas", "fans", "lamps", "heaters"] as const
export type Category = (typeof categories)[number]

export const sources = [
  { source: "google", medium: "cpc", referer: "https://www.google.com/" },
  { source: "newsletter", medium: "email", referer: null },
  { source: "facebook", medium: "social", referer: "https://l.facebook.com/l.php?u=x" },
  { source: "weather-app", medium: "display", referer: "https://ads.weather.example/banner" }
] as const

/** Where those come from whom no campaign sends. */
export const referers = [
  "https://www.google.com/",
  "https://www.bing.com/search?q=widgets",
  "https://blog.example/best-lamps",
  null
] as const

export const agents = [
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0 Safari/537.36",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
  "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0",
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_4) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15"
] as const

export const robot = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
