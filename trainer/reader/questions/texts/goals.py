"""What procedures are for and their steps: machines, software, offices, laboratories.

Text only: goal | steps in their order, separated by '//'; {T} is the thing, {kind ...} a value.
"""

# ruff: noqa: E501

MACHINES = """
replace the filter of {T} | Switch off {T} and unplug it // Wait {qty 5 60 minutes} until the housing is cool // Turn the lid to the left and lift it out // Pull out the old filter and dispose of it // Rinse the chamber with clean water // Insert the new filter with the arrow pointing {choice up;down;to the pump} // Close the lid until it clicks // Reset the counter by holding {choice OK;MENU;the red key} for {qty 3 10 seconds}
reset {T} to factory settings | Back up the settings to a USB stick // Hold the {choice RESET;POWER;MODE} button for {qty 5 20 seconds} // Release it when the {choice amber;blue;green} light flashes // Wait until the start screen appears // Choose a language and a new password
calibrate {T} | Let {T} warm up for {qty 10 45 minutes} // Open the menu Service > Calibration // Place the {qty 1 20 kg} reference weight in the middle of the plate // Confirm with ENTER // Remove the weight when the display shows 0.00 // Note the date on the label at the back
mount {T} on a wall | Mark two holes {qty 20 90 cm} apart with a spirit level // Drill the holes {qty 4 10 mm} wide and {qty 30 80 mm} deep // Push in the plugs // Screw the bracket to the wall // Hang {T} on the bracket and secure it with the small screw
change the battery of {T} | Loosen the {qty 2 6} screws at the back // Take out the old battery and note its polarity // Put in a new one of type {choice CR2032;AA;18650} // Replace the gasket if it is worn // Fasten the screws with {qty 1 5 Nm}
clean {T} | Unplug {T} // Empty the tray // Wipe the glass with a soft, damp cloth // Descale the tank with {qty 20 90 g} of citric acid in one litre of water // Rinse {choice twice;three times;with plenty of water} // Leave everything to dry for {qty 2 24 hours}
connect {T} to the network | Open Settings on the home screen // Choose Network > {choice Wi-Fi;Ethernet;VPN} // Select your network // Enter the password printed on {choice the router;the card;page 2} // Press Connect and wait for the green tick
start up {T} after the winter | Check all pipes for cracks // Open the valve {id part} slowly // Fill the system to {qty 1 4 bar} // Bleed the radiators from the lowest to the highest // Switch on {T} and set it to {qty 30 60 °C} // Check the pressure again after {qty 12 48 hours}
"""
SOFTWARE = """
install {T} | Download the archive from {id url} // Check its signature with gpg --verify // Unpack it to {id path} // Run ./configure --prefix={id path} // Run make and make install // Start the service with systemctl start {T}
upgrade {T} to version {id version} | Read the release notes // Stop all workers // Back up {id path} // Run {T} migrate --yes // Restart the workers one by one // Check the log for lines that begin with ERROR
create an API key for {T} | Sign in as an administrator // Open Account > Keys // Click New key // Pick the scopes {choice read;write;admin} and an expiry of {qty 7 365 days} // Copy the key at once, it is shown only one time // Store it in {id env}
restore a backup of {T} | Stop the service // Move {id path} out of the way // Unpack the newest archive with tar -xzf // Set the owner to {choice www-data;nobody;root} // Run {T} check --deep // Start the service again // Delete the old folder after {qty 2 14 days}
report a bug in {T} | Search the tracker for the same error // Run {T} --debug and keep the output // Remove passwords from the log // Open a new ticket with the version, the log and the steps // Answer questions within {qty 3 21 days}
enable two-factor login in {T} | Go to Profile > Security // Scan the code with an authenticator app // Type in the six digits // Print the {qty 6 12} recovery codes // Log out and in again
rotate the certificates of {T} | Create a key with {qty 2048 4096 bits} // Send the request to the authority // Put the signed file into {id path} // Set {id env} to the new path // Reload {T} // Revoke the old certificate after {qty 1 30 days}
"""
OFFICES = """
apply for {T} | Fill in form {id part} // Attach a copy of your passport and {qty 1 3} photographs // Pay the fee of {money 10 90} at the counter or online // Hand in the papers at {id address} // Keep the receipt // Collect the decision after {qty 2 12 weeks}
appeal a decision on {T} | Write a letter with the file number // State why the decision is wrong // Add copies of all documents // Send it by registered post within {qty 14 60 days} // Wait for the confirmation of receipt // Appear at the hearing if invited
return goods for {T} | Log in and open My orders // Choose the items and a reason // Print the label // Pack the goods in the original box // Take the parcel to a shop within {qty 5 14 days} // Keep the proof of posting until the refund has arrived
claim travel expenses under {T} | Collect all receipts // Fill in the claim in the portal // Have it approved by your manager // Submit it by the {qty 2 10}th of the next month // Keep the originals for {qty 1 7 years}
book a room through {T} | Choose the date and the room in the calendar // Enter the number of guests and the cost centre // Order catering at least {qty 2 5 days} ahead // Confirm the booking // Fetch the key from the reception // Switch off the projector and lights when you leave
report an accident under {T} | Make the place safe // Give first aid and call {choice 112;the site nurse;extension 333} // Inform the supervisor at once // Fill in the yellow form within {qty 12 72 hours} // Take photographs // Hand everything to the safety officer
"""
LABS = """
prepare the {T} buffer | Weigh {qty 1 90 g} of {choice Tris;sodium chloride;glycine} // Dissolve it in {qty 200 800 ml} of distilled water // Adjust the pH to {qty 5 9} with {choice HCl;NaOH} // Make up to one litre // Filter through a {choice 0.22;0.45} µm membrane // Label the bottle with name, date and initials
stain a slide with {T} | Fix the smear with heat // Cover it with {T} for {qty 30 120 seconds} // Rinse gently with water // Add iodine for one minute // Decolourise with alcohol for {qty 5 20 seconds} // Blot dry and look at it at {choice 400x;1000x}
bake {T} bread | Mix {qty 300 900 g} of flour with {qty 200 600 ml} of lukewarm water // Add {qty 5 25 g} of yeast and a pinch of salt // Knead for {qty 8 15 minutes} // Let the dough rise for {qty 1 12 hours} under a cloth // Shape a loaf and cut it crosswise // Bake at {qty 190 250 °C} for {qty 25 60 minutes} // Cool it on a rack
brew {T} | Heat {qty 2 30 l} of water to {qty 62 78 °C} // Add the crushed malt and stir // Hold the temperature for {qty 45 90 minutes} // Strain off the liquid // Boil with {qty 20 90 g} of hops for one hour // Cool quickly to {qty 12 24 °C} // Add the yeast and close the vessel with an airlock
plant {T} | Soak the seeds overnight // Sow them {qty 1 5 cm} deep // Water with a fine spray // Thin to {qty 5 30 cm} when the first leaves show // Feed every {qty 2 6 weeks} // Harvest when the stalks turn yellow
evacuate {T} | Sound the alarm // Close windows and doors, but lock none // Leave by the nearest marked exit // Do not use the lifts // Gather at {choice the car park;gate B;the flagpole} // Report missing persons to the warden // Go back only when told to
"""

# for composed procedures: what is done, to what, with what care
ACTS = (
    "open",
    "close",
    "check",
    "remove",
    "clean",
    "tighten",
    "loosen",
    "measure",
    "replace",
    "label",
    "lift",
    "lower",
    "dry",
    "inspect",
    "disconnect",
    "connect",
    "lubricate",
    "align",
    "cover",
    "weigh",
    "drain",
    "fill",
    "seal",
    "photograph",
    "sort",
    "lock",
    "unlock",
    "test",
)
OBJECTS = (
    "upper cover",
    "supply line",
    "drive belt",
    "inlet valve",
    "side panel",
    "sample tray",
    "earth cable",
    "oil sump",
    "guide rail",
    "control board",
    "inner ring",
    "pressure hose",
    "drain plug",
    "rear axle",
    "fuse box",
    "cable duct",
    "glass door",
    "air filter",
    "test card",
    "spare key",
    "cash drawer",
    "visitor list",
    "storage box",
    "front gate",
    "fire door",
    "roof hatch",
    "ballast tank",
    "paper roll",
    "lens cap",
    "sensor head",
)
CARE = (
    "",
    "",
    "",
    " with a {qty 4 24 mm} spanner",
    " for at least {qty 2 40 minutes}",
    " until it clicks",
    " and note the reading in the log",
    " without touching the contacts",
    " as shown in figure {qty 2 30}",
    " with a lint-free cloth",
    " to {qty 4 90 Nm}",
    " and hand it to {name person}",
    " before {time x}",
    " twice",
    " by a quarter turn",
    " and wait {qty 10 90 seconds}",
    "; wear gloves",
    " if the lamp is {choice red;amber;blue}",
    " at {qty 15 80 °C}",
    " and keep part {id part} at hand",
)
DEEDS = (
    "service",
    "prepare",
    "shut down",
    "recommission",
    "inspect",
    "overhaul",
    "open up",
    "secure",
    "winterise",
    "dismantle",
    "hand over",
    "set up",
    "relocate",
    "refit",
)
