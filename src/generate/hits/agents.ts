import { type Random, weighted } from "../../record/seeded.ts"

/** A program that asks for pages, as it names itself. */
export interface Agent {
  readonly text: string
  readonly isRobot: boolean
  readonly screen: string
  readonly viewport: string
}

const chrome = (platform: string, version: number): string =>
  `Mozilla/5.0 (${platform}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version}.0.0.0 Safari/537.36`
const mobileChrome = (device: string, version: number): string =>
  `Mozilla/5.0 (Linux; Android ${device}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version}.0.0.0 Mobile Safari/537.36`
const firefox = (platform: string, version: number): string =>
  `Mozilla/5.0 (${platform}; rv:${version}.0) Gecko/20100101 Firefox/${version}.0`
const safari = (version: string): string =>
  `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/${version} Safari/605.1.15`
const iphone = (system: string, version: string): string =>
  `Mozilla/5.0 (iPhone; CPU iPhone OS ${system} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/${version} Mobile/15E148 Safari/604.1`

const windows = "Windows NT 10.0; Win64; x64"
const mac = "Macintosh; Intel Mac OS X 10_15_7"
const linux = "X11; Linux x86_64"

const desktop = (text: string): Agent => ({ text, isRobot: false, screen: "1920x1080", viewport: "1903x969" })
const phone = (text: string): Agent => ({ text, isRobot: false, screen: "412x915", viewport: "412x785" })
const robot = (text: string): Agent => ({ text, isRobot: true, screen: "1024x768", viewport: "1024x768" })

/** Draws the program of a person: phones most, then Chrome, with what else is about. */
export const personAgent: (random: Random) => Agent = weighted([
  [phone(mobileChrome("10; K", 142)), 18],
  [phone(mobileChrome("10; K", 141)), 6],
  [phone(mobileChrome("13; SM-A546B", 119)), 3],
  [phone(mobileChrome("14; moto g54", 124)), 4],
  [phone(mobileChrome("12; M2101K6G", 108)), 2],
  [phone(iphone("18_6", "18.6")), 10],
  [phone(iphone("17_5_1", "17.5")), 4],
  [phone(iphone("15_8_2", "15.6.6")), 1],
  [
    phone(
      "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36"
    ),
    3
  ],
  [
    phone(
      "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 382.0.0.25.82 (iPhone15,2; iOS 18_5; pt_BR; pt; scale=3.00; 1179x2556; 735239174)"
    ),
    2
  ],
  [desktop(chrome(windows, 142)), 14],
  [desktop(chrome(windows, 109)), 2],
  [desktop(chrome(mac, 142)), 5],
  [desktop(chrome(linux, 140)), 2],
  [desktop(chrome("X11; CrOS x86_64 14541.0.0", 139)), 1],
  [desktop(`${chrome(windows, 142)} Edg/142.0.0.0`), 6],
  [desktop(`${chrome(windows, 127)} OPR/113.0.0.0`), 2],
  [desktop(firefox(windows, 145)), 4],
  [desktop(firefox(linux, 128)), 2],
  [desktop(firefox("Macintosh; Intel Mac OS X 10.15", 144)), 1],
  [desktop(safari("18.6")), 4],
  [desktop(safari("16.1")), 1],
  [desktop("Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko"), 0.3],
  [
    {
      ...phone(
        "Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1"
      ),
      screen: "820x1180",
      viewport: "820x1073"
    },
    2
  ]
])

/** Draws a robot: those of search engines, of previews, of watchers, and those that just ask. */
export const robotAgent: (random: Random) => Agent = weighted([
  [robot("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"), 6],
  [
    robot(
      "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36"
    ),
    3
  ],
  [robot("Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)"), 1],
  [robot("Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)"), 2],
  [robot("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"), 1],
  [robot("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/131.0.0.0 Safari/537.36"), 1],
  [robot("python-requests/2.32.3"), 1],
  [robot("curl/8.5.0"), 1]
])
