import { defineContract, integer, latest, text } from "../../src/contract/index.ts"
import { about, filesOf } from "./about.ts"

/** What is sold. The file misspells two of its columns; ours are spelled right, and take its names too. */
export const products = defineContract({
  ...about,
  name: "products",
  title: "Products",
  description:
    "Products that were ordered: category, size and weight, and how well they are described. Their names are not in the data set.",
  sensitivity: "internal",
  arrives: filesOf("olist_products_dataset"),
  fields: {
    productId: text("Id of the product."),
    productCategoryName: text("Category, in Portuguese; 610 products have none. See `category_names`."),
    productNameLength: integer("Characters of its name.", { formerly: ["productNameLenght"] }),
    productDescriptionLength: integer("Characters of its description.", { formerly: ["productDescriptionLenght"] }),
    productPhotosQty: integer("How many photos it has."),
    productWeightG: integer("Weight in grams."),
    productLengthCm: integer("Length in centimetres."),
    productHeightCm: integer("Height in centimetres."),
    productWidthCm: integer("Width in centimetres.")
  },
  table: latest({ key: ["productId"], by: "none" }),
  expectations: [],
  domain: "catalog",
  tags: { entity: "product" }
})

/** What categories are called in English. */
export const categoryNames = defineContract({
  ...about,
  name: "category_names",
  title: "Names of categories",
  description: "English names of the categories of products. Two categories that products have are missing.",
  sensitivity: "public",
  arrives: filesOf("product_category_name_translation"),
  fields: {
    productCategoryName: text("Category, in Portuguese."),
    productCategoryNameEnglish: text("The same in English.")
  },
  table: latest({ key: ["productCategoryName"], by: "none" }),
  expectations: [],
  domain: "catalog",
  tags: { entity: "category" }
})
