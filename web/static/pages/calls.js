// Calls for help, above the page of whoever they concern; its stream says when there is something to read.

import { createApp } from "/lib/vue.js";
import { Calls } from "../components/calls.js";

createApp(Calls).mount("#calls");
