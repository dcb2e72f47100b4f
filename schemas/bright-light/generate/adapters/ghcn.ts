import { dayMillis, type Row, timeText } from "../text.ts"
import { namesIn, recordsOf, timeIn } from "./read.ts"

/** Zip codes of stations, where the folder has no `stations.csv` that says more. */
const knownStations: { readonly [station: string]: string } = { USW00025333: "99835", USC00042319: "92328" }

const inMetres = (text: string | undefined, factor: number): string | null =>
  text === undefined || text === "" ? null : (Math.round(Number(text) * factor * 100) / 100).toFixed(2)

const celsius = (fahrenheit: string | undefined): string | null =>
  fahrenheit === undefined || fahrenheit === "" ? null : (Math.round(((Number(fahrenheit) - 32) * 1000) / 18) / 100).toFixed(2)

/**
 * Daily weather of NOAA's GHCN as its web site gives it, `ghcn_*.csv`: °F, inches and miles an hour, of which files have the columns that their station has.
 * A station is of the zip code that `stations.csv` (`station,zip`) says.
 */
export const ghcnRows = (folder: string): ReadonlyArray<Row> => {
  const names = namesIn(folder, /^ghcn_.*\.csv(?:\.gz)?$/, "file ghcn_*.csv")
  const said = namesIn(folder, /./, "file").includes("stations.csv") ? recordsOf(folder, "stations.csv", ["station", "zip"]) : []
  const zips = new Map([...Object.entries(knownStations), ...said.map(({ station, zip }) => [station, zip] as const)])
  return names.flatMap((name) =>
    recordsOf(folder, name.replace(/\.gz$/, ""), ["STATION", "NAME", "DATE", "PRCP", "TMAX", "TMIN"], {}, ["TAVG", "SNOW", "AWND"]).map(
      (row): Row => {
        const zip = zips.get(row.STATION)
        if (zip === undefined)
          throw new Error(
            `${name} is of station ${row.STATION} (${row.NAME}): say its zip code in a file stations.csv beside it, station,zip.`
          )
        const rain = Number(row.PRCP)
        return {
          zip,
          observed_on: row.DATE,
          state: /, ([A-Z]{2}) US$/.exec(row.NAME)?.[1] ?? null,
          station_id: row.STATION,
          temperature_min: celsius(row.TMIN),
          temperature_max: celsius(row.TMAX),
          temperature_avg: celsius(row.TAVG),
          precipitation: inMetres(row.PRCP, 25.4),
          snowfall: inMetres(row.SNOW, 25.4),
          wind_speed: inMetres(row.AWND, 0.44704),
          condition: Number(row.SNOW ?? "") > 0 ? "snow" : rain > 0 ? "rain" : "clear",
          revised_at: timeText(timeIn(row.DATE, `DATE of ${name}`) + dayMillis + 6 * 3_600_000)
        }
      }
    )
  )
}
