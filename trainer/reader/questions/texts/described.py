"""Things whose pages say in one line what they are: packages, settings, commands, goods, offices.

Text only, in the form that things.py explains; the first label of each domain is that line.
"""

# ruff: noqa: E501

DESCRIBED = """
# package | {id package} | library, module
[Record]
summary = description = short description = about = in brief | text {choice small;fast;portable;simple;pure Python;shared;embedded;modern} {choice library;parser;toolkit;client;daemon;wrapper;command-line tool;driver;engine} for {choice reading;writing;drawing;signing;caching;comparing;converting;streaming} {choice calendar files;maps;audio tracks;XML trees;mail headers;bar codes;log records;spreadsheets;font tables;time series} // {choice bindings;headers;translations;plug-ins;test data;examples;completions} for the {name software} {choice engine;toolkit;editor;database;shell;compiler} // {name software} {choice protocol;image;archive;colour;network} {choice library;handler;back end;server} {choice (runtime part);- documentation;(minimal build);- shared files;for Python 3} // {choice reads and writes;watches;splits;renames;checks;repairs} {choice large archives;network shares;photo albums;disk images;mail folders} {choice in parallel;without copying them;over SSH;from cron jobs} | what is {e}? // what is {e} in a few words? // what does {e} do? // describe {e} // what is {e} for? // what kind of package is {e}?
section = category = group | choice devel; graphics; net; text; sound; admin; database; science; games; web | in which section is {e} filed?
priority | choice optional; required; extra; standard; important | which priority has {e}?
installed size = size on disk | qty 20 90000 KB | how much room does {e} take when installed?
version = current version | id version | which version of {e} is current?
requires = depends on = dependencies | list libz1 (>= 1.2); libcurl4; python3 (>= 3.9); libssl3; libpng16-16; debconf; libtessel2 (<< 3.0); fonts-basic | what does {e} need? // which packages does {e} depend on?
maintainer = maintained by = packager | name person | who maintains {e}?
licence = license | choice MIT; GPL-2+; Apache-2.0; BSD-3-clause; LGPL-2.1; Artistic-2.0 | under which licence is {e}?
homepage = project page = website | id url | where on the web is {e}?
architecture = platform | choice all; amd64; any; arm64 | for which architecture is {e} built?
# setting | {id setting} | option, parameter, key
[Reference]
description = purpose = effect = meaning = what it does | text {choice sets;limits;controls;changes} {choice how long;how often;in which order;where} {choice idle sessions;uploaded parts;cached pages;failed jobs;worker threads} are {choice kept;retried;stored;listed;closed} // whether {choice old snapshots;unsigned requests;empty fields;duplicate rows;symbolic links} are {choice removed;accepted;written to the log;followed;shown} {choice at start;after a restart;by default;before the first write} // {choice largest;smallest;usual} {choice number;size;age} of {choice open tables;queued messages;temporary files;connections per user;entries in the cache} // {choice path;name;address;mode} of the {choice file;directory;socket;user} {choice that audit records go to;where keys are looked up;used for backups;that new jobs are given} // turns on {choice compression;checks;logging;sharing} of {choice replies;index pages;outgoing mail;shadow copies} | what does {e} do? // what does the {e} setting do? // what is {e}? // what is {e} for? // what is the purpose of {e}? // explain {e} // what does the option {e} mean?
syntax = usage = format = written as | text {id setting} <{choice seconds;path;on or off;number;name;size}> // {id setting} = {choice true or false;0..100;a-z;PATH} | how is {e} written? // what is the syntax of {e}? // in what form is {e} given?
default = default value = preset = if not set | choice 30; off; none; auto; 64 MB; /var/lib/app; 0; warn; 1 hour; (empty) | what is {e} by default? // which value has {e} when it is not set?
scope = allowed in = level = where allowed = valid in | choice global, per site; main file only; site, folder; per user, per session; server; project file and command line | where may {e} be used? // at which level can {e} be set? // in which place is {e} valid?
type = kind of value | choice integer; boolean; string; duration; list of paths; enumeration | what type has {e}? // what kind of value does {e} take?
since = introduced in = available since = added in | id version | since which version is there {e}?
part of = component = defined in = provided by | choice core; http_gateway; storage engine; auth plug-in; scheduler; mail transport | which component has {e}? // what is {e} part of?
restart needed = takes effect | choice at once; after a reload; after a restart; for new sessions only | when does a change of {e} take effect?
# command | {id command} | subcommand, tool
[Manual]
name and purpose = purpose = synopsis = summary | text {choice prints;copies;merges;checks;signs;sorts;lists;repairs} {choice the rows of a table;the pages of a book;all open tickets;the parts of an archive;the fonts in use;one shard} {choice as JSON;by date;into one file;to standard output;without asking} // {choice interactive;batch;read-only} {choice editor;viewer;front end} for {choice device trees;translation files;key rings;access lists} | what does {e} do? // what is {e}? // what is {e} used for? // describe {e} in one line
usage = call = invocation | text {id command} [-{choice v;q;n;f}] {choice FILE...;SOURCE TARGET;NAME;[PATH]} | how is {e} called? // how do you invoke {e}?
exit status = exit code | text 0 on success, {qty 1 9} if {choice nothing was found;a file is missing;the input is damaged} | what does {e} return to the shell? // which exit code has {e} on failure?
needs = permissions | choice root; membership in group backup; no special rights; a valid token; write access to the spool | which rights does {e} need?
see also = related | list sort-pages(1); lsfonts(8); ticket.conf(5); splitbook(1); keyscan(1) | what is related to {e}?
files | id path | which file does {e} read?
written by = author | name person | who wrote {e}?
# catalogue item | {choice Item;Article;No.} {id part} | article, product
[Entry]
description = designation = name of item = item | text {choice stainless;folding;magnetic;insulated;adjustable;left-hand;spare} {choice bracket;funnel;hinge;lid;strainer;clamp;tray;coupling} for {choice 12 mm pipes;kitchen cabinets;rain barrels;garden hoses;bench vices;fire doors} // set of {qty 2 24} {choice gaskets;drill bits;candle holders;bearings;filter papers}, {choice assorted;in a tin;boxed} | what is {e}? // what kind of thing is {e}? // describe {e} // what do I get when I order {e}?
list price = price | money 2 900 | what does {e} cost?
pack size = packed in | qty 1 200 pieces | how many are in a pack of {e}?
weight = net weight | qty 0.1 20 kg | how heavy is {e}?
supplier = delivered by | name company | who delivers {e}?
stock = in stock | qty 0 900 | how many of {e} are there?
customs number = tariff code | id port | under which customs number is {e}?
location = shelf | text aisle {qty 1 40}, shelf {choice A;B;C;D}{qty 1 9} | where in the store is {e}?
# unit of an organisation | {choice Office;Division;Unit;Team;Desk} {id short} | department, office
[Directory]
responsible for = task = remit = about | text {choice checks;collects;issues;keeps;answers} {choice building permits;complaints about noise;fishing licences;the register of graves;dog taxes;school transport} {choice in the old town;for all six villages;since the reform;on behalf of the county} // {choice advice;training;housing;transport} for {choice new parents;refugees;small firms;apprentices;people over 70} | what does {e} do? // what is {e}? // what is {e} responsible for? // what is {e} there for?
head = led by = chief | name person | who leads {e}?
room = where to find it | text room {qty 1 400}, {choice north wing;second floor;annex} | where is {e}?
telephone = phone | id phone | how can one ring {e}?
e-mail = mail | id email | to which address does one write to {e}?
opening hours = hours | text Monday to {choice Thursday;Friday}, {qty 7 9} to {qty 12 17} o'clock | when is {e} open?
staff = employees | qty 1 60 | how many people work in {e}?
"""
