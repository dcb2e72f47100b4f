/** Words that names, places and products are made of. Accents, apostrophes and quotes are here on purpose. */
export const firstNames = [
  "Ana",
  "João",
  "Maria",
  "José",
  "Antônio",
  "Francisca",
  "Conceição",
  "Luís",
  "Márcia",
  "Sebastião",
  "Inês",
  "Gonçalo",
  "Zoë",
  "Renée",
  "Camila",
  "Rafael",
  "Beatriz",
  "Thiago",
  "Larissa",
  "Caio",
  "Débora",
  "Fábio",
  "Helena",
  "Íris",
  "Jéssica",
  "Kauã",
  "Letícia",
  "Mônica",
  "Núbia",
  "Otávio",
  "Priscila",
  "Raí",
  "Søren",
  "Tatiane",
  "Úrsula",
  "Vinícius",
  "William",
  "Ximena",
  "Yasmin",
  "Ítalo"
] as const

export const lastNames = [
  "da Silva",
  "dos Santos",
  "de Oliveira",
  "Souza",
  "Gonçalves",
  "Araújo",
  "Muñoz",
  "O'Connor",
  "Peña",
  "Assunção",
  "Brandão",
  "Carvalho",
  "D'Ávila",
  "Estêvão",
  "Figueirêdo",
  "Guimarães",
  "Hernández",
  "Ibáñez",
  "Junqueira",
  "Köhler",
  "Leitão",
  "Magalhães",
  "Nuñez",
  "Ortiz",
  "Pimentel",
  "Queirós",
  "Ramírez",
  "Sepúlveda",
  "Teixeira",
  "Uchôa",
  "Vasconcelos",
  "Weiß",
  "Ximenes",
  "Yáñez",
  "Zambrano"
] as const

export const streets = [
  "Rua das Flores",
  "Avenida Paulista",
  "Rua São João",
  "Praça da Sé",
  "Avenida Atlântica",
  "Rua Venâncio Veloso",
  "Calle de la Concepción",
  "Avenida Brigadeiro Faria Lima",
  "Rua Conselheiro Mafra",
  "Travessa Padre Antônio",
  "Carrera 7ª",
  "Rua D. João VI",
  "Alameda Santos",
  "Rua Maranhão",
  "Avenida Açaí",
  "Paseo de la Reforma",
  'Rua "Beco" do Sapo',
  "Avenida Vicuña Mackenna",
  "Rua Ceará",
  "Rua 13 de Maio"
] as const

export const complements = ["", "Apto. 101", "Bloco B, 15º andar", "Casa 2 (fundos)", "Sala 1204", "Torre Sul — apto 33", "s/n"] as const
export const references = ["Próximo ao metrô", 'Em frente à padaria "Pão & Cia"', "Yellow door", "Portão verde\nao lado da igreja"] as const

export interface Place {
  readonly city: string
  readonly state: string
  readonly neighborhood: string
  readonly zip: string
  readonly at: readonly [longitude: number, latitude: number]
}

const place = (city: string, state: string, neighborhood: string, zip: string, longitude: number, latitude: number): Place => ({
  city,
  state,
  neighborhood,
  zip,
  at: [longitude, latitude]
})

export interface Country {
  readonly code: string
  readonly currency: string
  readonly symbol: string
  readonly locale: string
  readonly localeId: number
  readonly timeZone: string
  /** Hours that the shop's clock is off UTC. */
  readonly offset: number
  /** Cents of its currency for one of Brazil's. */
  readonly priceFactor: number
  readonly places: readonly [Place, ...Array<Place>]
}

export const brazil: Country = {
  code: "BRA",
  currency: "BRL",
  symbol: "R$",
  locale: "pt-BR",
  localeId: 1046,
  timeZone: "E. South America Standard Time",
  offset: -3,
  priceFactor: 1,
  places: [
    place("São Paulo", "SP", "Itaim Bibi", "04538", -46.6835, -23.5864),
    place("Rio de Janeiro", "RJ", "Copacabana", "22070", -43.1822, -22.9711),
    place("Belo Horizonte", "MG", "Funcionários", "30130", -43.9266, -19.9312),
    place("Brasília", "DF", "Asa Sul", "70386", -47.9247, -15.8325),
    place("Curitiba", "PR", "Água Verde", "80240", -49.2784, -25.4563),
    place("Florianópolis", "SC", "Trindade", "88036", -48.5223, -27.5874),
    place("Maceió", "AL", "Pajuçara", "57030", -35.7089, -9.6662),
    place("Goiânia", "GO", "Setor Bueno", "74215", -49.2733, -16.6955),
    place("Belém", "PA", "Nazaré", "66035", -48.4866, -1.4523),
    place("Mogi das Cruzes", "SP", "César de Souza", "08773", -46.1481, -23.5208)
  ]
}

export const elsewhere: readonly [Country, ...Array<Country>] = [
  {
    code: "COL",
    currency: "COP",
    symbol: "$",
    locale: "es-CO",
    localeId: 9226,
    timeZone: "SA Pacific Standard Time",
    offset: -5,
    priceFactor: 700,
    places: [
      place("Bogotá, D.C.", "Bogotá", "Usaquén", "11011", -74.0301, 4.7029),
      place("Medellín", "Antioquia", "El Poblado", "05002", -75.5679, 6.2086)
    ]
  },
  {
    code: "ARG",
    currency: "ARS",
    symbol: "$",
    locale: "es-AR",
    localeId: 11274,
    timeZone: "Argentina Standard Time",
    offset: -3,
    priceFactor: 180,
    places: [
      place("Ciudad Autónoma de Buenos Aires", "CABA", "Núñez", "01429", -58.4633, -34.5444),
      place("Córdoba", "Córdoba", "Güemes", "05000", -64.1934, -31.4265)
    ]
  },
  {
    code: "MEX",
    currency: "MXN",
    symbol: "$",
    locale: "es-MX",
    localeId: 2058,
    timeZone: "Central Standard Time (Mexico)",
    offset: -6,
    priceFactor: 3.5,
    places: [
      place("Ciudad de México", "CDMX", "Coyoacán", "04000", -99.1617, 19.3467),
      place("Mérida", "Yucatán", "Itzimná", "97100", -89.6111, 20.9911)
    ]
  },
  {
    code: "PRT",
    currency: "EUR",
    symbol: "€",
    locale: "pt-PT",
    localeId: 2070,
    timeZone: "GMT Standard Time",
    offset: 0,
    priceFactor: 0.2,
    places: [place("Lisboa", "Lisboa", "Alfama", "1100-", -9.1303, 38.7112), place("Évora", "Évora", "Sé", "7000-", -7.9069, 38.5714)]
  }
]

export const brands = [
  "Brahma",
  "Ação",
  "Pão de Açúcar",
  "L'Étoile",
  "Casa & Co.",
  "Força",
  "TechNova",
  "Hélice",
  "Nação Verde",
  "Maçã",
  'Ponto "Frio"',
  "Ouro Preto",
  "Três Corações",
  "Brisa",
  "Érico",
  "Natal",
  "Göteborg",
  "Jalapeño",
  "Kiwi",
  "Luz"
] as const

export const departments = [
  ["Moda Feminina", "Calças", "Jeans"],
  ["Moda Masculina", "Camisetas", "Básicas"],
  ["Eletrônicos", "TV e Vídeo", "Smart TVs"],
  ["Informática", "Notebooks", "Acessórios p/ notebook"],
  ["Casa e Decoração", "Iluminação", "Luminárias"],
  ["Alimentos & Bebidas", "Cervejas", "Chopp"],
  ["Beleza", "Perfumes", "Eau de toilette"],
  ["Crianças", "Brinquedos", "Jogos de mesa"],
  ["Esporte", "Corrida", "Tênis"],
  ["Saúde", "Suplementos", "Vitaminas"]
] as const

export const nouns = [
  "Calça jeans",
  "Camiseta algodão pima",
  'Smart TV 55" 4K',
  "Luminária de chão",
  "Chopp claro 30L",
  'Perfume "Manhã"',
  "Jogo de xícaras",
  "Tênis de corrida",
  "Vitamina C 1g",
  'Notebook 14"',
  "Mochila",
  "Fone bluetooth",
  "Cafeteira",
  "Edredom",
  "Liquidificador",
  "Boneca de pano",
  "Bicicleta aro 29",
  "Panela de pressão 4,5 L",
  "Ventilador",
  "Relógio"
] as const

export const variants = [
  "P",
  "M",
  "G",
  "GG",
  "35 - Preto",
  "Único",
  "110V",
  "220V",
  "Azul / 42",
  "Edição limitada",
  "Côr-de-rosa",
  "500 ml",
  "Kit c/ 3",
  "38",
  "Bege\tclaro"
] as const

export const carriers = ["Transportadora Rápida", "Correios SEDEX", "Correios PAC", "ASAPLAG_CR", "Entrega Expressa", "Moto-boy"] as const
export const campaigns = ["PERF_AON_PMAX_CONV_ALL", "black-friday", "christmas", "volta às aulas", "CRM|reativação"] as const
export const agents = [
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
  "Mozilla/5.0 (Linux; Android 15; SM-S928B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36"
] as const
