import { applyLook } from "./base/look.ts";
import "./app/app.ts";

applyLook();
