-- What is published, and a diary of it that is not: the feed has to say the same.
CREATE SEQUENCE revisions;
CREATE TABLE items (
    id integer PRIMARY KEY,
    name text,
    stock integer,
    revision bigint DEFAULT nextval('revisions')
);
ALTER TABLE items REPLICA IDENTITY FULL;

CREATE TABLE diary (kind text, id integer, revision bigint);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN NEW = OLD; END IF;
    INSERT INTO diary VALUES (lower(TG_OP), NEW.id, NEW.revision);
    RETURN NULL;
END $$;
CREATE TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON items FOR EACH ROW EXECUTE FUNCTION note();

CREATE PUBLICATION feed FOR TABLE items;
