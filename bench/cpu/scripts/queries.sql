-- Rows made from numbers, an index, joins, groups, sorting and text, in a database in memory.
CREATE TABLE person(id INTEGER PRIMARY KEY, name TEXT, town INTEGER, born INTEGER);
CREATE TABLE town(id INTEGER PRIMARY KEY, name TEXT);
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 299)
INSERT INTO town SELECT i, 'town ' || (i * 7919 % 300) FROM n;
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 59999)
INSERT INTO person SELECT i, 'person ' || (i * 48271 % 60000), i * 16807 % 300, 1920 + i * 69621 % 100 FROM n;
CREATE INDEX person_name ON person(name);
CREATE INDEX person_town ON person(town, born);
SELECT t.name, count(*), min(p.born), max(p.name) FROM person p JOIN town t ON t.id = p.town
  GROUP BY t.id ORDER BY count(*) DESC, t.name LIMIT 3;
SELECT count(*), sum(length(name)) FROM person WHERE name LIKE '%99%' OR name GLOB 'person 1*5';
SELECT sum(born) FROM (SELECT born FROM person ORDER BY substr(name, 9), born DESC LIMIT 20000);
SELECT count(*) FROM person a JOIN person b ON b.town = a.town AND b.born = a.born AND b.id > a.id WHERE a.id < 5000;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 97 FROM n WHERE i < 600000)
  SELECT sum(p.born) FROM n JOIN person p ON p.name = 'person ' || (n.i % 60000);
UPDATE person SET name = upper(name) || ' of ' || town WHERE born % 3 = 0;
SELECT count(DISTINCT substr(name, -3)), max(name) FROM person;
