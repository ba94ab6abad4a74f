import type { Theme } from "vitepress";
import DefaultTheme from "vitepress/theme";
// oxlint-disable-next-line import/no-unassigned-import -- styles are imported for their effect
import "./style.css";

const theme: Theme = DefaultTheme;

export default theme;
