import { randomBytes } from "node:crypto";

/** By its beginning a value made up for development is known, and refused elsewhere. */
const mark = "development-";
/** 128 random bits, of letters that need no quotes anywhere. */
export const randomValue = () => mark + randomBytes(16).toString("hex");
export const isMadeUp = (value: string) => value.startsWith(mark);
