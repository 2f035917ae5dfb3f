/** Short names of what the API answers (`api.d.ts` is made from its OpenAPI document) and of what pages keep. */

import type { components } from "./api";

type Schemas = components["schemas"];

declare global {
  namespace City {
    type Account = Schemas["Account"];
    type Alert = Schemas["Alert"];
    type Alerts = Schemas["Alerts"];
    type Beat = Schemas["Beat"];
    type PushState = Schemas["PushState"];
    type Call = Schemas["Call"];
    type Case = Schemas["Case"];
    type Count = Schemas["Count"];
    type Worker = Schemas["Worker"];
    type Check = Schemas["Check"];
    type Handover = Schemas["Handover"];
    type ManagedPage = Schemas["ManagedPage"];
    type Managed = Schemas["Managed"];
    type GivenPassword = Schemas["GivenPassword"];
    type ListedLooks = Schemas["ListedLooks"];
    type OperationPage = Schemas["OperationPage"];
    type WaitingLetters = Schemas["WaitingLetters"];
    type DepartmentFeedback = Schemas["DepartmentFeedback"];
    type DepartmentPage = Schemas["DepartmentPage"];
    type Freshness = Schemas["Freshness"];
    type Door = Schemas["Door"];
    type NewReport = Schemas["NewReport"];
    type Plate = Schemas["Plate"];
    type PlateMark = Schemas["PlateMark"];
    type ReportTaken = Schemas["ReportTaken"];
    type Reports = Schemas["Reports"];
    type VisitBefore = Schemas["VisitBefore"];
    type Place = Schemas["Place"];
    type Problem = Partial<Schemas["Problem"]>;
    type RoutePlan = Schemas["RoutePlan"];
    type Row = Schemas["Row"];
    type Silence = Schemas["Silence"];
    type NewSilence = Schemas["NewSilence"];
    type Summary = Schemas["Summary"];
    type Task = Schemas["Task"];
    type Unmasked = Schemas["Unmasked"];

    type Language = "zh" | "en";
    type Level = "urgent" | "today" | "planned" | "done";
    /** A moment: of the API (ISO 8601), in milliseconds, or in the microseconds of a row. */
    type Instant = string | number | Date;
    type Visit = Schemas["Visit"];
    /** The answer to a move: the task, or that it is gone from here. */
    type Moved = Task & { gone?: boolean };
    /** A move that waits on the disk to be sent, sealed; `refused` once the server has said no. */
    interface Move {
      number?: number;
      account: string;
      task: string;
      move: string;
      body?: Record<string, unknown>;
      sealed?: string;
      key: string;
      at: string;
      refused?: { status: number; why: string };
    }
    /** A task as it will stand once its waiting moves are sent. */
    type Foreseen = Task & { unsent?: boolean };
    /** A place of the route: `plan` its place in the server's plan, `left` why it is not in it. */
    interface Stop {
      key: string;
      tasks: Foreseen[];
      patrols: Schemas["Patrol"][];
      place: Partial<Place> | null;
      plan: Schemas["RouteStop"] | null;
      left: Schemas["RouteReason"] | null;
      moved: Schemas["RouteReason"] | null;
    }
  }
}
