import { App } from "./app/app.ts";
import { keepWhenQuiet } from "./app/keep_when.ts";
import { applyLook } from "./base/look.ts";
import { loadTexts } from "./base/text.ts";

applyLook();
void loadTexts(async () => (await import("./messages/en.ts")).en).then(() => customElements.define("lensong-app", App));
keepWhenQuiet();
