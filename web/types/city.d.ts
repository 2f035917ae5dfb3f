/** Short names of what the API answers (`api.d.ts` is made from its OpenAPI document) and of what pages keep. */

import type { components } from "./api";

type Schemas = components["schemas"];

declare global {
  namespace City {
    type Account = Schemas["Me"];
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
    type BaseMap = Schemas["BaseMapDescription"];
    type CataloguedTopic = Schemas["CataloguedTopic"];
    type Because = Schemas["Because"];
    type Instruction = Schemas["CaseInstruction"];
    type Feature = Schemas["Feature"];
    type Features = Schemas["FeatureCollection"];
    type HourOfAcknowledging = Schemas["HourOfAcknowledging"];
    type HourOfRule = Schemas["HourOfRule"];
    type LookedAt = Schemas["LookedAt"];
    type Patrol = Schemas["Patrol"];
    type Queue = Schemas["Queue"];
    type Shift = Schemas["Shift"];

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
    /** A place in degrees, WGS 84. */
    interface Spot {
      lon: number;
      lat: number;
    }
    /** Names of a place of the map, as its features have them. */
    interface Names {
      name_zh?: string | null;
      name_en?: string | null;
    }
    /** A pin of the map: one alert, or `alerts` that lie upon each other. */
    interface Pin {
      id: string;
      place: Spot;
      severity: Task["severity"];
      state: string;
      rule: string;
      finding_id: string;
      alerts?: number;
      bounds?: number[];
    }
    /** A tile of the base map. */
    interface TilePlace {
      z: number;
      x: number;
      y: number;
    }
    /** What narrows a list: names of the API's filters. */
    type Filters = Record<string, string | boolean | undefined>;
    /** A row as its view's schema has it: its fields differ by view. */
    // biome-ignore lint/suspicious/noExplicitAny: whoever shows a field knows from its view's schema what it is
    type AnyRow = Record<string, any>;
    /** One thing that a statement holds, in words. */
    interface Part {
      label: string;
      text: string;
      link: string | null;
    }
    /** Whose row said something about another. */
    interface Speaker {
      view: string;
      id: string;
      name?: string;
    }
    /** A statement of a row, in words. `value` is as its contract has it. */
    interface Statement {
      department: string;
      record: string;
      kind: string;
      occurred_at: string;
      recorded_at?: string;
      event_id: string;
      withdrawn?: boolean;
      // biome-ignore lint/suspicious/noExplicitAny: as a field of a row
      value?: any;
      fact: string;
      byKind?: boolean;
      who?: Speaker;
      parts: Part[];
      words: string;
      rank: number;
      disputed?: boolean;
    }
    /** Somebody who belongs to a row. */
    interface Kin {
      id: string;
      name: string;
      role: string;
      born?: string;
      dead?: string;
    }
    /** A span of a lane (`once`: a point), times in ms. */
    interface LaneItem {
      from: number;
      to: number | null;
      once: boolean;
      endsBadly: boolean;
      rank: number;
      ends: boolean;
      warns: boolean;
      title: string;
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
