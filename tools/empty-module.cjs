/** In place of modules of Node that libraries ask for and the command line never uses: see `build.js`. */
module.exports = {};
