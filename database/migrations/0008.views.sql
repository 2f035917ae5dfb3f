-- depends: 0003.rows
-- The first generation of each view of domain/views/. A new view brings a migration with this line and its own name.

DO $$ BEGIN
    PERFORM city.begin_generation(view)
    FROM unnest(ARRAY['resident', 'household', 'dwelling', 'grid', 'district', 'legal_person']) AS view;
END $$;
