// The product's sign: one primary, its secondaries.
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <circle cx="10" cy="16" r="4" />
      <path d="M14 16h4m0 0 5-7m-5 7 5 7" />
      <circle cx="23" cy="9" r="3" />
      <circle cx="23" cy="23" r="3" />
    </svg>
  );
}
