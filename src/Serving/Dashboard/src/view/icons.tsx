// Drawn here: five shapes need no package.
const Paths = {
  overview: "M3 13h4l3-9 4 16 3-7h4",
  customer: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm-8 9c0-4 4-6 8-6s8 2 8 6",
  cases: "M12 3l8 3v6c0 5-3.5 8-8 9-4.5-1-8-4-8-9V6l8-3Zm-3 9 2 2 4-4",
  segments: "M4 5h16M7 12h10M10 19h4",
  dictionary: "M5 4h11a3 3 0 0 1 3 3v13H8a3 3 0 0 1-3-3V4Zm0 13a3 3 0 0 1 3-3h11",
  operations: "M4 7h10m4 0h2M4 17h2m4 0h10M14 4v6M6 14v6",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14Zm5-2 5 5",
  theme: "M12 3a9 9 0 1 0 0 18V3Z",
  key: "M14 10a4 4 0 1 0-4 4l1-1h2v-2h2v-2l-1 1Zm0 0 7-7",
} as const;

export type IconName = keyof typeof Paths;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={Paths[name]} />
    </svg>
  );
}
