// The judges' packages stand in player_web/node_modules, where one lock file pins them.
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const require = createRequire(new URL("../../player_web/package.json", import.meta.url));

/** Load a CommonJS package of player_web. */
export const load = (name) => require(name);

/** Return the folder of a package of player_web. */
export const folderOf = (name) => dirname(require.resolve(`${name}/package.json`));

/** Return the absolute path of a file beside this module. */
export const beside = (name) => fileURLToPath(new URL(name, import.meta.url));
