import { App } from "./app/app.ts";
import { keepWhenQuiet } from "./app/keep_when.ts";
import { watchInstalling } from "./app/installable.ts";
import { applyLook } from "./base/look.ts";
import { loadTexts } from "./base/text.ts";

applyLook();
watchInstalling();
void loadTexts(async () => (await import("./messages/en.ts")).en).then(() => customElements.define("lensong-app", App));
keepWhenQuiet();
