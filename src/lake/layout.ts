/** Where the tables of a lake lie, below the root of its store. The same in a folder and in a bucket. */
export const stagePath = (dataset: string): string => `stage/${dataset}`
export const consumablePath = (dataset: string): string => `consumable/${dataset}`
export const deadLettersPath = "dead_letters"
