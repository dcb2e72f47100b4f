/** Text that stands for a module of ours, by its URL; null: the module is loaded as it is written. */
export type OwnModules = (url: string) => string | null

/**
 * Modules of ours that a project imports by their files. Where Sluice runs from a bundle, this module is another one: each text exports what the
 * bundle has of that module already, since what another copy of it makes would be a stranger to it.
 */
export const ownModules = async (): Promise<OwnModules> => () => null
